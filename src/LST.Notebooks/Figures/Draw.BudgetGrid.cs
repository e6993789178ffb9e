using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    /// <summary>Slots of each layer and KV head over the mean of all, a panel for each method on one scale.</summary>
    /// <param name="grid">The slots.</param>
    /// <param name="source">Record ids.</param>
    public static Figure BudgetGrid(BudgetGrid grid, string source = Figure.ComputedLive)
    {
        var (layers, heads, panels) = (grid.Slots[0].Count, grid.Slots[0][0].Count, grid.Methods.Count);
        double[] means = [.. grid.Slots.Select(slots => slots.Average(row => row.Average()))];
        double Share(int m, int l, int h) => Math.Log2(Math.Max(grid.Slots[m][l][h], 0.5) / means[m]);
        const int left = 60, bar = 110, between = 28;
        var cell = Math.Clamp((1100.0 - left - bar - (between * (panels - 1))) / (panels * heads), 12, 44);
        var height = Math.Clamp(420.0 / layers, 12, 34);
        var (plotWidth, plotHeight) = (Math.Max(cell * heads, 96), height * layers);
        var reach = Math.Max(1, Enumerable.Range(0, panels).Max(m => Enumerable.Range(0, layers).Max(l => Enumerable.Range(0, heads).Max(h => Math.Abs(Share(m, l, h))))));
        var finding = BudgetFinding(grid);
        var width = left + (panels * plotWidth) + ((panels - 1) * between);
        var canvas = new Canvas((int)Math.Max(560, width + bar), (int)plotHeight + 84, finding, $"{TokenText.Escape(grid.Source)}, {Number.Count(grid.Tokens, "token")}. Slots of a KV head, number and colour; white is the mean over all heads of the method.");
        for (var m = 0; m < panels; m++)
        {
            var from = left + (m * (plotWidth + between));
            var (x, y) = (Whole(heads, "KV head", plotWidth / heads), Whole(layers, m == 0 ? "layer" : "", height));
            y["range"] = PlotlyJson.Numbers(layers - 0.5, -0.5);
            if (m > 0) y["showticklabels"] = false;
            var panel = canvas.Panel(from, 28, from + plotWidth, 28 + plotHeight, x, y);
            panel.Name($"<b>{FateRows.Name(grid.Methods[m])}</b>");
            var method = m;
            var trace = new JsonObject
            {
                ["type"] = "heatmap", ["coloraxis"] = "coloraxis", ["xgap"] = 1, ["ygap"] = 1,
                ["z"] = PlotlyJson.Rows(grid.Slots[m].Select((row, l) => row.Select((_, h) => Share(method, l, h))), digits: 3), ["customdata"] = PlotlyJson.Rows(grid.Slots[m].Select(row => row.Select(slots => (double)slots))),
                ["hovertemplate"] = "layer %{y}, KV head %{x}<br>%{customdata} slots<extra></extra>",
            };
            if (plotWidth / heads >= 24 && height >= 14)
                (trace["text"], trace["texttemplate"], trace["textfont"]) = (PlotlyJson.Rows(grid.Slots[m].Select(row => row.Select(slots => slots.ToString()))), "%{text}", new JsonObject { ["size"] = 10 });
            panel.Add(trace);
        }
        canvas.Layout["coloraxis"] = new JsonObject
        {
            ["colorscale"] = Palette.Diverging(), ["cmin"] = PlotlyJson.Number(-reach), ["cmax"] = PlotlyJson.Number(reach),
            ["colorbar"] = Axis.ColourBar(canvas, "slots / mean", width + 20, 28, 28 + plotHeight, -reach, reach, value => Math.Log2(value), [0.03125, 0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16]),
        };
        return canvas.ToFigure("budgets", $"Slots of each layer and KV head under {Number.Count(panels, "method")}. {finding}. {TokenText.Escape(grid.Source)}.", source);
    }

    private static string BudgetFinding(BudgetGrid grid)
    {
        var spreads = grid.Slots.Select((slots, m) => (Method: TokenText.Escape(Palette.Method(grid.Methods[m]).Name), Least: slots.Min(row => row.Min()), Most: slots.Max(row => row.Max()))).ToList();
        var widest = spreads.MaxBy(spread => (double)spread.Most / Math.Max(1, spread.Least));
        var even = spreads.Where(spread => spread.Least == spread.Most).Select(spread => spread.Method).ToList();
        return $"At {Number.Short(grid.Ratio)}:1 heads get from {widest.Least} to {Number.Count(widest.Most, "slot")} under {widest.Method}{(spreads.Count == 1 ? "" : ", the widest spread")}{(even.Count == 0 ? "" : $"; all the same under {string.Join(", ", even)}")}";
    }
}
