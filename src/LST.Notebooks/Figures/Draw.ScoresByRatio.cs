using System.Text.Json.Nodes;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    /// <summary>Mean score of a benchmark's tasks by compression ratio, with 95 % intervals; a panel for each view.</summary>
    public static Figure ScoresByRatio(params IReadOnlyList<ScoreView> views)
    {
        var columns = Math.Min(2, views.Count);
        var label = LineLabels.Width(views.SelectMany(view => ScoreMarks.Compressed(view).GroupBy(row => row.Method).Select(method => EndText(view, [.. method]))));
        var methods = views.Max(view => ScoreMarks.Compressed(view).Select(row => row.Method).Distinct().Count());
        var (width, plot) = (views.Count == 1 ? 820 : 1080, Math.Max(views.Count == 1 ? 380 : 300, ((methods + 2) * LineLabels.Gap) + 16));
        var rows = (views.Count + columns - 1) / columns;
        var finding = ScoreMarks.Finding(views);
        var canvas = new Canvas(width, rows * (int)(plot + 92), finding, $"Points: mean of the task means. Bars: 95 % intervals over items, moved apart sideways. {ScoreMarks.Items(views)}");
        for (var i = 0; i < views.Count; i++)
        {
            var view = views[i];
            var left = 76 + (i % columns * (width / (double)columns));
            var top = 30 + (i / columns * (plot + 92.0));
            var right = left + (width / (double)columns) - 76 - label;
            double[] ratios = [.. ScoreMarks.Compressed(view).Select(row => row.RatioRequested).Distinct().Order()];
            double first = Math.Log2(ratios[0]) - 0.3, last = Math.Log2(ratios[^1]) + 0.3;
            var (low, high) = ScoreRange(view);
            var x = Axis.Of("compression ratio asked for (log scale)", first, last, [.. ratios.Select(Math.Log2)], [.. ratios.Select(r => $"{Number.Short(r)}:1")], grid: false);
            var panel = canvas.Panel(left, top, right, top + plot, x, Axis.Of(i % columns == 0 || ScoreMarks.Axis(view) != ScoreMarks.Axis(views[i - 1]) ? ScoreMarks.Axis(view) : "", low, high));
            panel.Name(ScoreMarks.Panel(view));
            ScoreLines(panel, view, first, last, low, high);
        }
        return canvas.ToFigure("scores-by-ratio", $"Scores by compression ratio with 95 % intervals, {Number.Count(views.Count, "panel")}. {finding}.", ScoreMarks.Records(views));
    }

    private static void ScoreLines(Panel panel, ScoreView view, double first, double last, double low, double high)
    {
        var ends = new List<(string, string, double, double)>();
        if (view.Rows.Contains(ScoreMarks.Dense))
        {
            var dense = ScoreMarks.Value(view, view.Score(ScoreMarks.Dense)!.Value.Value);
            panel.Line(first, dense, last, dense, Palette.Method("dense").Colour, 1.5);
            ends.Add(($"dense {ScoreMarks.Text(view, view.Score(ScoreMarks.Dense)!.Value.Value)}", Palette.Method("dense").Colour, last, dense));
        }
        var methods = ScoreMarks.Compressed(view).GroupBy(row => row.Method).ToList();
        for (var m = 0; m < methods.Count; m++)
        {
            var mark = Palette.Method(methods[m].Key);
            var shift = (m - ((methods.Count - 1) / 2.0)) * Math.Min(0.05, 0.4 / methods.Count);
            ItemRow[] rows = [.. methods[m].OrderBy(row => row.RatioRequested)];
            var trace = ScoreTrace(view, rows, mark, [.. rows.Select(row => Math.Log2(row.RatioRequested) + shift)]);
            panel.Add(trace);
            ends.Add((EndText(view, rows), mark.Colour, Math.Log2(rows[^1].RatioRequested) + shift, ScoreMarks.Value(view, view.Score(rows[^1])!.Value.Value)));
        }
        LineLabels.Add(panel, ends, low, high, last);
    }

    private static JsonObject ScoreTrace(ScoreView view, IReadOnlyList<ItemRow> rows, Mark mark, IReadOnlyList<double> x)
    {
        var scores = rows.Select(row => view.Score(row)!.Value).ToList();
        return new JsonObject
        {
            ["type"] = "scatter", ["mode"] = "lines+markers", ["name"] = TokenText.Escape(mark.Name), ["x"] = PlotlyJson.Numbers(x), ["y"] = PlotlyJson.Numbers(scores.Select(score => ScoreMarks.Value(view, score.Value))),
            ["error_y"] = new JsonObject
            {
                ["type"] = "data", ["symmetric"] = false, ["color"] = mark.Colour, ["thickness"] = 1.2, ["width"] = 2,
                ["array"] = PlotlyJson.Numbers(scores.Select(score => ScoreMarks.Value(view, score.High - score.Value))), ["arrayminus"] = PlotlyJson.Numbers(scores.Select(score => ScoreMarks.Value(view, score.Value - score.Low))),
            },
            ["line"] = new JsonObject { ["color"] = mark.Colour, ["width"] = 1.5, ["dash"] = mark.Dash }, ["marker"] = new JsonObject { ["color"] = mark.Colour, ["symbol"] = mark.Symbol, ["size"] = 8 },
            ["customdata"] = new JsonArray([.. rows.Select((row, i) => (JsonNode?)new JsonArray(PlotlyJson.Number(row.RatioRequested), ScoreMarks.Text(view, scores[i].Value), ScoreMarks.Interval(view, scores[i]), view.Items(row), PlotlyJson.Number(Math.Round(view.BytesPerToken(row)))))]),
            ["hovertemplate"] = $"<b>{TokenText.Escape(mark.Name)}</b> at %{{customdata[0]}}:1<br>%{{customdata[1]}} %{{customdata[2]}}<br>%{{customdata[3]}} items<br>%{{customdata[4]:,}} B/token<extra></extra>",
            ["cliponaxis"] = false,
        };
    }

    private static string EndText(ScoreView view, IReadOnlyList<ItemRow> method)
    {
        var end = method.MaxBy(row => row.RatioRequested);
        var largest = ScoreMarks.Compressed(view).Max(row => row.RatioRequested);
        return $"{ScoreMarks.Name(end)} {ScoreMarks.Text(view, view.Score(end)!.Value.Value)}{(end.RatioRequested < largest ? $" at {Number.Short(end.RatioRequested)}:1" : "")}";
    }

    private static (double Low, double High) ScoreRange(ScoreView view)
    {
        if (view.IsShare) return (-3, 103);
        var scores = view.Rows.Select(row => view.Score(row)!.Value).ToList();
        var (low, high) = (scores.Min(score => score.Low), scores.Max(score => score.High));
        return (low - (0.05 * (high - low)), high + (0.05 * (high - low)));
    }
}
