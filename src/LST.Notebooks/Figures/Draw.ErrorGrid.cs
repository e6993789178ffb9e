using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    // Heads that are kept whole answer nearly exactly: on a scale down to their errors all others would be of one colour.
    private const double SmallestColoured = 0.01;

    /// <summary>Median relative error of attention's output by layer and head, a panel for each ratio (or method) on one scale; the worst cell is framed (view 3).</summary>
    public static Figure ErrorGrid(ErrorGrid grid, string source = Figure.ComputedLive)
    {
        var (layers, heads, panels) = (grid.Median[0].Count, grid.Median[0].Max(row => row.Count), grid.Ratios.Count);
        var cells = (from r in Enumerable.Range(0, panels) from l in Enumerable.Range(0, layers) from h in Enumerable.Range(0, grid.Median[r][l].Count) where float.IsFinite(grid.Median[r][l][h]) select (Error: (double)grid.Median[r][l][h], r, l, h)).ToList();
        if (cells.Count == 0) cells.Add((1, 0, 0, 0));
        var (worst, best) = (cells.MaxBy(cell => cell.Error), cells.MinBy(cell => cell.Error));
        const int left = 60, bar = 90, between = 24;
        var cell = Math.Clamp((980.0 - left - bar - (between * (panels - 1))) / (panels * heads), 10, 46);
        var height = Math.Clamp(420.0 / layers, 12, 34);
        var (plotWidth, plotHeight) = (cell * heads, height * layers);
        var floor = Math.Max(Math.Min(SmallestColoured, worst.Error / 10), 1e-9);
        var at = $"layer {worst.l}, head {worst.h} {At(grid, worst.r)}";
        var interval = $"[{Number.Three(grid.Low[worst.r][worst.l][worst.h])}, {Number.Three(grid.High[worst.r][worst.l][worst.h])}]";
        string[] typical = [.. Enumerable.Range(0, panels).Select(r => Number.Three(Number.Median(cells.Where(c => c.r == r).Select(c => c.Error))))];
        var finding = $"{TypicalErrors(grid, typical)}; the worst is {at} with {Number.Three(worst.Error)} {interval}";
        var note = $"{TokenText.Escape(grid.Source)}. Median over {Number.Count(grid.Queries, "query").Replace("querys", "queries")} ({Palette.QuerySource(grid.QuerySource).Name}) of |o compressed − o dense| / |o dense|; hover shows 95 % intervals. Framed: the worst cell.{(best.Error < floor ? $" Lightest: below {Number.Short(floor)}." : "")}";
        var canvas = new Canvas((int)Math.Max(600, left + (panels * plotWidth) + ((panels - 1) * between) + bar + 20), (int)plotHeight + 84, finding, note);
        var (low, high) = (Math.Log10(Math.Max(best.Error, floor)), Math.Log10(Math.Max(worst.Error, floor)));
        if (high - low < 0.1) (low, high) = (low - 0.05, high + 0.05);
        for (var r = 0; r < panels; r++)
        {
            var from = left + (r * (plotWidth + between));
            var x = Whole(heads, "query head", cell);
            var y = Whole(layers, r == 0 ? "layer" : "", height);
            y["range"] = PlotlyJson.Numbers(layers - 0.5, -0.5);
            if (r > 0) y["showticklabels"] = false;
            var panel = canvas.Panel(from, 28, from + plotWidth, 28 + plotHeight, x, y);
            panel.Name(grid.Methods is null ? $"<b>{Number.Short(grid.Ratios[r])}:1</b>, median head {typical[r]}" : $"<b><span style=\"color:{LineLabels.Ink(Palette.Method(grid.Methods[r]).Colour)}\">{TokenText.Escape(Palette.Method(grid.Methods[r]).Name)}</span></b> {typical[r]}");
            panel.Add(Errors(grid, r, floor, cell >= 29 && height >= 16));
            if (r == worst.r) panel.Box(worst.h - 0.5, worst.l - 0.5, worst.h + 0.5, worst.l + 0.5, "#D55E00", 3);
        }
        canvas.Layout["coloraxis"] = new JsonObject
        {
            ["colorscale"] = Palette.Sequential(), ["cmin"] = PlotlyJson.Number(low), ["cmax"] = PlotlyJson.Number(high),
            ["colorbar"] = Axis.ColourBar(canvas, "relative error (log scale)", left + (panels * plotWidth) + ((panels - 1) * between) + 16, 28, 28 + plotHeight, low, high, Math.Log10, Axis.Decades(Math.Pow(10, low), Math.Pow(10, high))),
        };
        return canvas.ToFigure("error-grid", $"Relative error of attention's output by layer and head, {Number.Count(panels, grid.Methods is null ? "ratio" : "method")}. {finding}. {TokenText.Escape(grid.Source)}.", source);
    }

    private static string At(ErrorGrid grid, int panel) => grid.Methods is null ? $"at {Number.Short(grid.Ratios[panel])}:1" : $"under {TokenText.Escape(Palette.Method(grid.Methods[panel]).Name)}";

    private static string TypicalErrors(ErrorGrid grid, string[] typical)
    {
        if (grid.Methods is null) return $"The median head has relative error {string.Join(", ", typical)} at {string.Join(", ", grid.Ratios.Select(ratio => $"{Number.Short(ratio)}:1"))}";
        var order = Enumerable.Range(0, typical.Length).OrderBy(r => Number.Median(grid.Median[r].SelectMany(row => row.Select(error => (double)error)))).ToList();
        return $"At {Number.Short(grid.Ratios[0])}:1 the median head has relative error {typical[order[0]]} {At(grid, order[0])}, the least{(order.Count == 1 ? "" : $", and {typical[order[^1]]} {At(grid, order[^1])}, the most")}";
    }

    private static JsonObject Errors(ErrorGrid grid, int r, double floor, bool numbers)
    {
        var trace = new JsonObject
        {
            ["type"] = "heatmap", ["coloraxis"] = "coloraxis", ["xgap"] = 1, ["ygap"] = 1, ["z"] = PlotlyJson.Rows(grid.Median[r].Select(row => row.Select(error => Math.Log10(Math.Max(error, floor))))),
            ["customdata"] = new JsonArray([.. grid.Median[r].Select((row, l) => (JsonNode?)new JsonArray([.. row.Select((error, h) => (JsonNode?)PlotlyJson.Numbers(error, grid.Low[r][l][h], grid.High[r][l][h]))]))]),
            ["hovertemplate"] = $"layer %{{y}}, head %{{x}} {At(grid, r)}<br>median relative error %{{customdata[0]:.4f}}<br>95 % interval [%{{customdata[1]:.4f}}, %{{customdata[2]:.4f}}]<br>{grid.Queries} queries<extra></extra>",
        };
        if (!numbers) return trace;
        trace["text"] = PlotlyJson.Rows(grid.Median[r].Select(row => row.Select(error => error < floor ? "0" : error >= 0.995 ? error.ToString("0.0") : error.ToString(".00"))));
        (trace["texttemplate"], trace["textfont"]) = ("%{text}", new JsonObject { ["size"] = 10 });
        return trace;
    }

    // Every n-th number is written when the cells are too narrow for all.
    private static JsonObject Whole(int count, string title, double cell)
    {
        var step = Enumerable.Range(1, count).First(n => n * cell >= 18 || n == count);
        var shown = Enumerable.Range(0, count).Where(i => i % step == 0).ToList();
        return Axis.Of(title, -0.5, count - 0.5, [.. shown.Select(i => (double)i)], [.. shown.Select(i => i.ToString())], grid: false);
    }
}
