using System.Text.Json.Nodes;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;

namespace LST.Notebooks.Figures;

/// <summary>Figures from records and arrays. Every title states what these data say; nothing here knows a model.</summary>
public static partial class Draw
{
    private const string ExcessAxis = "perplexity / dense (square-root scale around 1)";

    /// <summary>Perplexity over that of dense by compression ratio, with paired 95 % intervals; a panel for each table, on one scale.</summary>
    public static Figure PerplexityByRatio(params IReadOnlyList<PerplexityTable> tables)
    {
        var columns = Math.Min(2, tables.Count);
        var (width, plot) = tables.Count == 1 ? (820, 380) : (1080, 300);
        var label = LineLabels.Width(tables.SelectMany(table => Compressed(table).GroupBy(row => row.Row.Method).Select(method => EndText(method, LargestRatio(table)))));
        var rows = (tables.Count + columns - 1) / columns;
        var finding = Verdicts.ByRatio(tables);
        var canvas = new Canvas(width, rows * (plot + 92), finding, "Points: perplexity over that of the uncompressed cache on the same tokens. Bars: paired 95 % intervals, moved apart sideways. " + Loaded(tables));
        var (low, high) = ExcessRange(tables);
        var ratios = tables.SelectMany(Compressed).Select(row => row.Row.Ratio).Distinct().Order().ToArray();
        double first = Math.Log2(ratios[0]) - 0.3, last = Math.Log2(ratios[^1]) + 0.3;
        for (var i = 0; i < tables.Count; i++)
        {
            var left = 76 + (i % columns * (width / (double)columns));
            var top = 30 + (i / columns * (plot + 92.0));
            var right = left + (width / (double)columns) - 76 - label;
            var x = Axis.Of("compression ratio (stored vectors, log scale)", first, last, [.. ratios.Select(Math.Log2)], [.. ratios.Select(r => $"{Number.Short(r)}:1")], grid: false);
            var y = Axis.Scaled(i % columns == 0 ? ExcessAxis : "", low, high, Axis.Excess, Axis.ExcessTicks, plot);
            var panel = canvas.Panel(left, top, right, top + plot, x, y);
            panel.Name(NameOf(tables[i]));
            ByRatio(panel, tables[i], first, last, low, high);
        }
        return canvas.ToFigure("perplexity-by-ratio", $"Perplexity over dense by compression ratio, with 95 % intervals, {Number.Count(tables.Count, "panel")}. {finding}.", Records(tables));
    }

    private static void ByRatio(Panel panel, PerplexityTable table, double first, double last, double low, double high)
    {
        panel.Line(first, 0, last, 0, Palette.Method("dense").Colour, 1.5);
        var methods = Compressed(table).GroupBy(row => row.Row.Method).ToList();
        var ends = new List<(string, string, double, double)> { ("dense 1", Palette.Method("dense").Colour, last, 0) };
        for (var m = 0; m < methods.Count; m++)
        {
            var mark = Palette.Method(methods[m].Key);
            var shift = (m - ((methods.Count - 1) / 2.0)) * Math.Min(0.05, 0.4 / methods.Count);
            var rows = methods[m].OrderBy(row => row.Row.Ratio).ToList();
            double[] x = [.. rows.Select(row => Math.Log2(row.Row.Ratio) + shift)];
            panel.Add(WithIntervals(rows, mark, x, "lines+markers"));
            ends.Add((EndText(rows, LargestRatio(table)), mark.Colour, x[^1], Axis.Excess(rows[^1].Row.PplOverDense)));
        }
        LineLabels.Add(panel, ends, low, high, last);
    }

    // Hover says everything that a table row would; the record's id goes along so that a click can lead to it.
    private static JsonObject WithIntervals(IReadOnlyList<SourcedRow> rows, Mark mark, IReadOnlyList<double> x, string mode) => new()
    {
        ["type"] = "scatter", ["mode"] = mode, ["name"] = TokenText.Escape(mark.Name), ["x"] = PlotlyJson.Numbers(x), ["y"] = PlotlyJson.Numbers(rows.Select(row => Axis.Excess(row.Row.PplOverDense))),
        ["error_y"] = new JsonObject
        {
            ["type"] = "data", ["symmetric"] = false, ["color"] = mark.Colour, ["thickness"] = 1.5, ["width"] = 3,
            ["array"] = PlotlyJson.Numbers(rows.Select(row => Axis.Excess(row.Row.Ci95[1]) - Axis.Excess(row.Row.PplOverDense))),
            ["arrayminus"] = PlotlyJson.Numbers(rows.Select(row => Axis.Excess(row.Row.PplOverDense) - Axis.Excess(row.Row.Ci95[0]))),
        },
        ["line"] = new JsonObject { ["color"] = mark.Colour, ["width"] = 1.5, ["dash"] = mark.Dash }, ["marker"] = new JsonObject { ["color"] = mark.Colour, ["symbol"] = mark.Symbol, ["size"] = 8 },
        ["customdata"] = new JsonArray([.. rows.Select(row => (JsonNode?)new JsonArray(
            row.Record.Id, PlotlyJson.Number(row.Row.Ratio), PlotlyJson.Number(row.Row.PplOverDense), PlotlyJson.Number(row.Row.Ci95[0]), PlotlyJson.Number(row.Row.Ci95[1]),
            PlotlyJson.Number(row.Row.Ppl), PlotlyJson.Number(row.Row.BytesPerToken)))]),
        ["hovertemplate"] = $"<b>{TokenText.Escape(mark.Name)}</b> at %{{customdata[1]}}:1<br>ppl / dense %{{customdata[2]:.4f}} [%{{customdata[3]:.4f}}, %{{customdata[4]:.4f}}]<br>perplexity %{{customdata[5]:.3f}}<br>%{{customdata[6]:,.0f}} B/token<br>%{{customdata[0]}}<extra></extra>",
        ["cliponaxis"] = false,
    };

    // Numbers of different ratios must not stand below each other as if they were of one.
    private static string EndText(IEnumerable<SourcedRow> method, double largest)
    {
        var end = method.MaxBy(row => row.Row.Ratio)!.Row;
        return $"{TokenText.Escape(Palette.Method(end.Method).Name)} {Number.Ratio(end.PplOverDense)}{(end.Ratio < largest ? $" at {Number.Short(end.Ratio)}:1" : "")}";
    }

    private static double LargestRatio(PerplexityTable table) => Compressed(table).Max(row => row.Row.Ratio);

    private static IEnumerable<SourcedRow> Compressed(PerplexityTable table) => table.Rows.Where(row => row.Row.Method != "dense");

    private static (double Low, double High) ExcessRange(IEnumerable<PerplexityTable> tables)
    {
        var rows = tables.SelectMany(Compressed).Select(row => row.Row).ToList();
        var low = Math.Min(0, rows.Min(row => Axis.Excess(row.Ci95[0])));
        var high = Math.Max(0.05, rows.Max(row => Axis.Excess(row.Ci95[1])));
        return (low - (0.06 * (high - low)), high + (0.06 * (high - low)));
    }

    private static string NameOf(PerplexityTable table) =>
        $"<b>{TokenText.Escape(table.Records[0].Model.Name)}</b> on <b>{TokenText.Escape(table.Records[0].Text.Name)}</b>{(table.Records[0].Options["equal"]?.ToString() == "bytes" ? ", equal bytes" : "")}";

    // The last id of the prefix is the first input behind the compressed cache: T = P − 1.
    private static string Loaded(IReadOnlyList<PerplexityTable> tables) => string.Join(" ", tables.Select(table =>
    {
        PerplexityRecord record = table.Records[0];
        return $"{TokenText.Escape(record.Model.Name)} on {TokenText.Escape(record.Text.Name)}: {Number.Count(record.Chunks, "chunk")}, {(record.Prefix is { } prefix ? $"{prefix - 1:#,0} tokens compressed, {record.Suffix:#,0} scored" : record.Protocol)}.";
    }));

    private static string Records(IEnumerable<PerplexityTable> tables) => string.Join(", ", tables.SelectMany(table => table.Records).Select(record => record.Id));
}
