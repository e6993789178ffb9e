using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    private const int MostFateTokens = 128, FateRowHeight = 20, FateLeft = 150, FateRight = 158, FateTop = 48, FateTokens = 84;

    /// <summary>
    /// What became of each token, a row for each method at the same bytes: kept, merged, dropped. A slider changes layer and head where the map has several (view 7).
    /// </summary>
    /// <param name="map">The fates.</param>
    /// <param name="firstToken">First token shown where there are more than 128.</param>
    /// <param name="source">Record ids.</param>
    public static Figure TokenFateMap(TokenFateMap map, int firstToken = 0, string source = Figure.ComputedLive)
    {
        var rows = new FateRows(map, TokenWindow.Of(map.Tokens.Count, MostFateTokens, firstToken));
        return Fates(map, rows, rows.Note(), FateTokens, source);
    }

    /// <summary>Some rows of a map beside their explanation: as <see cref="TokenFateMap"/>, without the tokens' texts below, which hover shows.</summary>
    /// <param name="map">The fates.</param>
    /// <param name="firstToken">First token shown where there are more than 128.</param>
    /// <param name="source">Record ids.</param>
    public static Figure TokenFateRows(TokenFateMap map, int firstToken = 0, string source = Figure.ComputedLive)
    {
        var rows = new FateRows(map, TokenWindow.Of(map.Tokens.Count, MostFateTokens, firstToken));
        return Fates(map, rows, rows.ShortNote(), 0, source);
    }

    private static Figure Fates(TokenFateMap map, FateRows rows, string note, int below, string source)
    {
        var window = rows.Window;
        var cell = Math.Clamp(830.0 / window.Count, 6, 16);
        var (plotWidth, plotHeight) = (Math.Max(200, cell * window.Count), FateRowHeight * map.Rows.Count);
        var hasSlider = map.Heads.Count > 1;
        var canvas = new Canvas((int)Math.Max(620, FateLeft + plotWidth + FateRight), FateTop + plotHeight + below + (hasSlider ? 84 : 24), rows.Finding(), note);
        double at = FateLeft;
        foreach (var (name, colour) in rows.Key())
        {
            canvas.Say($"<span style=\"color:{colour}\">■</span> {name}", at, 14, 12);
            at += Canvas.TextWidth($"■ {name}", 12) + 18;
        }
        canvas.Say("slots here · mean · bytes", FateLeft + plotWidth + 10, FateTop - 12, 10, Palette.Quiet);
        var x = Tokens("", window.Of(map.Tokens), cell < 11 ? 8 : 10, -90, window.Count);
        var y = Tokens("", map.Rows.Select(row => row.Method), 12, 0, map.Rows.Count);
        if (below == 0) (x["showticklabels"], x["ticks"]) = (false, "");
        (y["range"], y["ticktext"]) = (PlotlyJson.Numbers(map.Rows.Count - 0.5, -0.5), PlotlyJson.Texts(map.Rows.Select(row => FateRows.Name(row.Method))));
        var panel = canvas.Panel(FateLeft, FateTop, FateLeft + plotWidth, FateTop + plotHeight, x, y);
        panel.Add(new JsonObject
        {
            ["type"] = "heatmap", ["x"] = PlotlyJson.Texts(Places(window.Of(map.Tokens), Enumerable.Range(window.First, window.Count))), ["y"] = PlotlyJson.Texts(map.Rows.Select(row => Palette.Method(row.Method).Name)),
            ["z"] = rows.Codes(0), ["customdata"] = rows.Hover(0), ["hovertemplate"] = "%{x}<br>%{y}: %{customdata}<extra></extra>",
            ["colorscale"] = FateRows.Scale(), ["zmin"] = -0.5, ["zmax"] = PlotlyJson.Number(FateRows.Colours.Count - 0.5), ["showscale"] = false, ["xgap"] = 1, ["ygap"] = 4,
        });
        var first = canvas.Annotations.Count;
        for (var row = 0; row < map.Rows.Count; row++) canvas.Say(rows.Slots(row, 0), FateLeft + plotWidth + 10, FateTop + ((row + 0.5) * FateRowHeight), 11);
        if (hasSlider) canvas.Layout["sliders"] = new JsonArray(FateSlider(canvas, map, rows, first, plotWidth, FateTop + plotHeight + below + 12));
        return canvas.ToFigure("token-fates", $"What became of {Number.Count(map.Tokens.Count, "token")} under {Number.Count(map.Rows.Count, "method")}. {rows.Finding()}. {TokenText.Escape(map.Source)}.", source);
    }

    private static JsonObject FateSlider(Canvas canvas, TokenFateMap map, FateRows rows, int firstSlots, double width, double top)
    {
        var steps = new JsonArray();
        for (var head = 0; head < map.Heads.Count; head++)
        {
            var texts = new JsonObject();
            for (var row = 0; row < map.Rows.Count; row++) texts[$"annotations[{firstSlots + row}].text"] = rows.Slots(row, head);
            steps.Add(new JsonObject
            {
                ["method"] = "update", ["label"] = $"{map.Heads[head].Layer}.{map.Heads[head].Head}", ["value"] = head.ToString(),
                ["args"] = new JsonArray(new JsonObject { ["z"] = new JsonArray(rows.Codes(head)), ["customdata"] = new JsonArray(rows.Hover(head)) }, texts, PlotlyJson.Numbers(0)),
            });
        }
        return new JsonObject
        {
            ["active"] = 0, ["steps"] = steps, ["x"] = PlotlyJson.Number(canvas.X(FateLeft)), ["len"] = PlotlyJson.Number(canvas.X(width)), ["xanchor"] = "left", ["y"] = PlotlyJson.Number(canvas.Y(top)), ["yanchor"] = "top",
            ["pad"] = new JsonObject { ["t"] = 0, ["b"] = 0, ["l"] = 0, ["r"] = 0 }, ["ticklen"] = 4, ["minorticklen"] = 2, ["currentvalue"] = new JsonObject { ["prefix"] = "layer.head: ", ["font"] = Canvas.Font(12) }, ["font"] = Canvas.Font(9),
        };
    }
}
