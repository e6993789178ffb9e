using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    private const int MostCells = 64;

    /// <summary>What the queries of one head read, token by token; at most 64 × 64 of them, and the note says what was left out.</summary>
    /// <param name="map">The weights.</param>
    /// <param name="firstQuery">First query shown; null: the last ones.</param>
    /// <param name="firstKey">First key shown; null: the last ones.</param>
    /// <param name="source">Record ids.</param>
    public static Figure AttentionHeatMap(AttentionMap map, int? firstQuery = null, int? firstKey = null, string source = Figure.ComputedLive)
    {
        var queries = TokenWindow.Of(map.Queries.Count, MostCells, firstQuery);
        var keys = TokenWindow.Of(map.Keys.Count, MostCells, firstKey);
        double[][] weights = [.. queries.Of(map.Weights).Select(row => keys.Of(row).Select(w => (double)w).ToArray())];
        var (finding, caveat) = AttentionFinding(map, keys, weights);
        var note = AttentionNote(map, queries, keys, weights) + caveat;
        var cell = Math.Clamp(640.0 / Math.Max(keys.Count, queries.Count), 9, 26);
        var (plotWidth, plotHeight) = (Math.Max(160, keys.Count * cell), Math.Max(120, queries.Count * cell));
        var canvas = new Canvas((int)Math.Max(520, plotWidth + 130 + 110), (int)plotHeight + 150, finding, note);
        var size = cell < 11 ? 8 : 10;
        var x = Tokens("key (token read)", keys.Of(map.Keys), size, -90, keys.Count);
        var y = Tokens("query (token reading)", queries.Of(map.Queries), size, 0, queries.Count);
        y["range"] = PlotlyJson.Numbers(queries.Count - 0.5, -0.5);
        var panel = canvas.Panel(130, 8, 130 + plotWidth, 8 + plotHeight, x, y);
        var highest = weights.SelectMany(row => row).Where(double.IsFinite).DefaultIfEmpty(1).Max();
        var top = Axis.Root(Math.Max(highest, 1e-3));
        panel.Add(new JsonObject
        {
            ["type"] = "heatmap", ["x"] = PlotlyJson.Texts(Places(keys.Of(map.Keys), keys.Of(map.KeyPositions))), ["y"] = PlotlyJson.Texts(Places(queries.Of(map.Queries), queries.Of(map.QueryPositions))),
            ["z"] = PlotlyJson.Rows(weights.Select(row => row.Select(Axis.Root)), digits: 3), ["customdata"] = PlotlyJson.Rows(weights.Select(row => row.Select(weight => Math.Round(weight, 4)))),
            ["hovertemplate"] = $"%{{y}} reads %{{x}}<br>weight %{{customdata:.4f}}<br>layer {map.Layer}, head {map.Head}<extra></extra>",
            ["colorscale"] = Palette.Sequential(), ["zmin"] = 0, ["zmax"] = PlotlyJson.Number(top), ["xgap"] = cell > 14 ? 1 : 0, ["ygap"] = cell > 14 ? 1 : 0,
            ["colorbar"] = Axis.ColourBar(canvas, "attention weight (square-root scale)", 130 + plotWidth + 20, 8, 8 + Math.Min(plotHeight, 320), 0, top, Axis.Root, [.. Axis.MassTicks, Math.Floor(highest * 100) / 100]),
        });
        return canvas.ToFigure("attention", $"Attention weights of layer {map.Layer}, head {map.Head}, {queries.Count} queries by {keys.Count} keys. {finding}. {TokenText.Escape(map.Source)}.", source);
    }

    // Of the keys in the window: a reader must find the one that is named. Queries before a key cannot read it, which says nothing about the key; one that few queries can read is no
    // rival of the others, since every token reads much of itself.
    private static (string Finding, string Caveat) AttentionFinding(AttentionMap map, TokenWindow keys, double[][] weights)
    {
        var seen = Enumerable.Range(0, keys.Count).Select(k => (Key: keys.First + k, Weights: weights.Select(row => row[k]).SkipWhile(weight => weight == 0).ToList())).Where(key => key.Weights.Count > 0).ToList();
        if (seen.Count == 0) return ($"Layer {map.Layer}, head {map.Head}: no query shown can read a key shown", "");
        var fewest = Math.Min(weights.Length / 2.0, seen.Max(key => key.Weights.Count));
        var (most, read) = seen.Where(key => key.Weights.Count >= fewest).MaxBy(key => key.Weights.Average());
        var who = read.Count == 1 ? "the one query that can read" : $"the {read.Count} queries that can read";
        return (
            $"Layer {map.Layer}, head {map.Head}: {who} “{TokenText.Label(map.Keys[most])}” at position {map.KeyPositions[most]:#,0} give it {Number.Percent(read.Average())} of their attention, the most of any key{(keys.IsWhole ? "" : " shown")}",
            seen.All(key => key.Weights.Count >= fewest) ? "" : " The title leaves out keys that fewer than half of the queries can read.");
    }

    private static string AttentionNote(AttentionMap map, TokenWindow queries, TokenWindow keys, double[][] weights)
    {
        var shown = string.Join(" and ", new[] { queries.Bounds("queries"), keys.Bounds("keys") }.Where(text => text.Length > 0));
        var mass = weights.Average(row => row.Sum());
        return $"{TokenText.Escape(map.Source)}." + (shown.Length == 0 ? $" All {queries.Count} queries and {keys.Count} keys." : $" Shown: {shown}; the keys shown hold {Number.Percent(mass)} of these queries' attention.");
    }

    // What hover calls a row or column: said once each, where a text for every cell was most of the figure's bytes. Categories of one name would become one, so names differ.
    private static IEnumerable<string> Places(IEnumerable<string> tokens, IEnumerable<int> positions)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (token, position) in tokens.Zip(positions))
        {
            var name = $"“{TokenText.Label(token)}” at {position:#,0}";
            seen[name] = seen.GetValueOrDefault(name) + 1;
            yield return seen[name] == 1 ? name : $"{name} ({seen[name]})";
        }
    }

    // Ticks say the token alone. They stand a hundredth of a cell beside its middle: hover says the text of a tick that lies within 1/10,000 of the axis, else the category.
    private static JsonObject Tokens(string title, IEnumerable<string> tokens, int size, int angle, int count)
    {
        var axis = Axis.Of(title, -0.5, count - 0.5, [.. Enumerable.Range(0, count).Select(i => i + 0.01)], [.. tokens.Select(TokenText.Label)], grid: false);
        (axis["type"], axis["tickfont"], axis["tickangle"], axis["ticklen"]) = ("category", Canvas.Font(size), angle, 2);
        return axis;
    }
}
