using System.Text.Json.Nodes;
using LST.Evaluation.Reports;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    /// <summary>Perplexity over that of dense against the bytes that a cached token takes (view 8); a panel for each table, on one scale of perplexity.</summary>
    public static Figure Pareto(params IReadOnlyList<PerplexityTable> tables)
    {
        var columns = Math.Min(2, tables.Count);
        var (width, plot) = tables.Count == 1 ? (820, 380) : (1080, 300);
        var rows = (tables.Count + columns - 1) / columns;
        var finding = Verdicts.ByBytes(tables);
        var canvas = new Canvas(width, rows * (plot + 92), finding, "Left is smaller, down is better. Grey steps: the front, where no smaller cache has less perplexity. Bytes count keys, values, bias and positions. Bars: paired 95 % intervals. " + Loaded(tables));
        var (low, high) = ExcessRange(tables);
        for (var i = 0; i < tables.Count; i++)
        {
            var left = 76 + (i % columns * (width / (double)columns));
            var top = 30 + (i / columns * (plot + 92.0));
            var right = left + (width / (double)columns) - 76 - 24;
            var bytes = tables[i].Rows.Select(row => row.Row.BytesPerToken).ToList();
            // Names stand left of the smallest cache, so the axis begins well before it.
            var (smallest, largest) = (Math.Log10(bytes.Min()), Math.Log10(bytes.Max()));
            var names = LineLabels.Width(tables[i].Rows.Select(row => Palette.Method(row.Row.Method).Name)) + 24;
            var room = names / (right - left - names);
            var (first, last) = (smallest - (room * (largest - smallest + 0.1)), largest + 0.06);
            var x = Axis.Scaled("bytes per cached token (log scale)", first, last, Math.Log10, Axis.Decades(bytes.Min(), bytes.Max()), (right - left) / 3, Bytes, grid: false);
            var panel = canvas.Panel(left, top, right, top + plot, x, Axis.Scaled(i % columns == 0 ? ExcessAxis : "", low, high, Axis.Excess, Axis.ExcessTicks, plot));
            panel.Name(NameOf(tables[i]));
            ByBytes(panel, tables[i], first, last, smallest, low, high);
        }
        return canvas.ToFigure("pareto", $"Perplexity over dense against bytes per cached token, with 95 % intervals, {Number.Count(tables.Count, "panel")}. {finding}.", Records(tables));
    }

    private static void ByBytes(Panel panel, PerplexityTable table, double first, double last, double smallest, double low, double high)
    {
        panel.Line(first, 0, last, 0, Palette.Method("dense").Colour, 1.5);
        var front = Front(table);
        panel.Add(new JsonObject
        {
            ["type"] = "scatter", ["mode"] = "lines", ["x"] = PlotlyJson.Numbers(front.Select(row => Math.Log10(row.Row.BytesPerToken))), ["y"] = PlotlyJson.Numbers(front.Select(row => Axis.Excess(row.Row.PplOverDense))),
            ["line"] = new JsonObject { ["shape"] = "hv", ["color"] = "#CCCCCC", ["width"] = 5 }, ["hoverinfo"] = "skip",
        });
        var ends = new List<(string, string, double, double)>();
        foreach (var method in table.Rows.GroupBy(row => row.Row.Method))
        {
            var mark = Palette.Method(method.Key);
            var rows = method.OrderBy(row => row.Row.BytesPerToken).ToList();
            double[] x = [.. rows.Select(row => Math.Log10(row.Row.BytesPerToken))];
            if (method.Key == "dense")
            {
                panel.Add(WithoutBars(WithIntervals([rows[0] with { Row = rows[0].Row with { Ci95 = [1, 1] } }], mark, x[..1], "markers")));
                panel.Say("dense", x[0], 0, 11, mark.Colour, "right", "bottom", xshift: 4, yshift: 6);
                continue;
            }
            panel.Add(WithIntervals(rows, mark, x, "lines+markers"));
            ends.Add((TokenText.Escape(mark.Name), mark.Colour, x[0], Axis.Excess(rows[0].Row.PplOverDense)));
        }
        LineLabels.Add(panel, ends, low, high, smallest - ((smallest - first) * 0.12), "right");
    }

    private static JsonObject WithoutBars(JsonObject trace)
    {
        trace.Remove("error_y");
        return trace;
    }

    // Rows that no other row beats in both; dense closes it.
    private static List<SourcedRow> Front(PerplexityTable table)
    {
        var front = new List<SourcedRow>();
        foreach (var row in table.Rows.OrderBy(row => row.Row.BytesPerToken).ThenBy(row => row.Row.Ppl))
            if (front.Count == 0 || row.Row.Ppl < front[^1].Row.Ppl) front.Add(row);
        return front;
    }

    private static string Bytes(double bytes) => bytes >= 1000 ? $"{bytes / 1000:0.##} kB" : $"{bytes:0} B";
}
