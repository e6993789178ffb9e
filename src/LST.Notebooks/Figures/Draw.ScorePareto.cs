using System.Text.Json.Nodes;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    /// <summary>Mean score of a benchmark against the bytes that a cached token takes; a panel for each view.</summary>
    public static Figure ScorePareto(params IReadOnlyList<ScoreView> views)
    {
        var columns = Math.Min(2, views.Count);
        var label = LineLabels.Width(views.SelectMany(ScoreMarks.Compressed).Select(ScoreMarks.Name)) + 12;
        var methods = views.Max(view => ScoreMarks.Compressed(view).Select(row => row.Method).Distinct().Count());
        var (width, plot) = (views.Count == 1 ? 820 : 1080, Math.Max(views.Count == 1 ? 380 : 300, ((methods + 2) * LineLabels.Gap) + 16));
        var rows = (views.Count + columns - 1) / columns;
        var finding = ParetoFinding(views);
        var canvas = new Canvas(width, rows * (int)(plot + 92), finding, $"Left is smaller, {(views.All(view => view.SmallerIsBetter) ? "down" : views.Any(view => view.SmallerIsBetter) ? "up (of losses down)" : "up")} is better. Grey steps: the front, where no smaller cache scores better. Bytes count keys, values, bias and positions. Bars: 95 % intervals over items. {ScoreMarks.Items(views)}");
        for (var i = 0; i < views.Count; i++)
        {
            var view = views[i];
            var left = 76 + (i % columns * (width / (double)columns));
            var top = 30 + (i / columns * (plot + 92.0));
            var right = left + (width / (double)columns) - 76 - 24;
            var bytes = Shown(view).Select(view.BytesPerToken).ToList();
            var (smallest, largest) = (Math.Log10(bytes.Min()), Math.Log10(bytes.Max()));
            var room = label / (right - left - label);
            var (first, last) = (smallest - (room * (largest - smallest + 0.1)), largest + 0.06);
            var (low, high) = ScoreRange(view);
            var x = Axis.Scaled("bytes per cached token (log scale)", first, last, Math.Log10, Axis.Decades(bytes.Min(), bytes.Max()), (right - left) / 3, Bytes, grid: false);
            var panel = canvas.Panel(left, top, right, top + plot, x, Axis.Of(i % columns == 0 || ScoreMarks.Axis(view) != ScoreMarks.Axis(views[i - 1]) ? ScoreMarks.Axis(view) : "", low, high));
            panel.Name(ScoreMarks.Panel(view));
            ScoresByBytes(panel, view, first, smallest, low, high);
        }
        return canvas.ToFigure("score-pareto", $"Scores against bytes per cached token with 95 % intervals, {Number.Count(views.Count, "panel")}. {finding}.", ScoreMarks.Records(views));
    }

    private static void ScoresByBytes(Panel panel, ScoreView view, double first, double smallest, double low, double high)
    {
        var front = ScoreFront(view);
        panel.Add(new JsonObject
        {
            ["type"] = "scatter", ["mode"] = "lines", ["x"] = PlotlyJson.Numbers(front.Select(row => Math.Log10(view.BytesPerToken(row)))), ["y"] = PlotlyJson.Numbers(front.Select(row => ScoreMarks.Value(view, view.Score(row)!.Value.Value))),
            ["line"] = new JsonObject { ["shape"] = "hv", ["color"] = "#CCCCCC", ["width"] = 5 }, ["hoverinfo"] = "skip",
        });
        var ends = new List<(string, string, double, double)>();
        foreach (var method in Shown(view).GroupBy(row => row.Method))
        {
            var mark = Palette.Method(method.Key);
            ItemRow[] rows = [.. method.OrderBy(view.BytesPerToken)];
            double[] x = [.. rows.Select(row => Math.Log10(view.BytesPerToken(row)))];
            panel.Add(ScoreTrace(view, rows, mark, x));
            var y = ScoreMarks.Value(view, view.Score(rows[0])!.Value.Value);
            if (method.Key == "dense") panel.Say("dense", x[0], y, 11, mark.Colour, "right", "bottom", xshift: -8, yshift: 2);
            else ends.Add((ScoreMarks.Name(rows[0]), mark.Colour, x[0], y));
        }
        LineLabels.Add(panel, ends, low, high, smallest - ((smallest - first) * 0.12), "right");
    }

    private static IEnumerable<ItemRow> Shown(ScoreView view) => view.Rows.Where(row => row.Method == "dense").Concat(ScoreMarks.Compressed(view));

    // Rows that no other row beats in both.
    private static List<ItemRow> ScoreFront(ScoreView view)
    {
        double Loss(ItemRow row) => (view.SmallerIsBetter ? 1 : -1) * view.Score(row)!.Value.Value;
        var front = new List<ItemRow>();
        foreach (var row in Shown(view).OrderBy(view.BytesPerToken).ThenBy(Loss))
            if (front.Count == 0 || Loss(row) < Loss(front[^1])) front.Add(row);
        return front;
    }

    private static string ParetoFinding(IReadOnlyList<ScoreView> views) => string.Join("; ", views.Select(view =>
    {
        var front = ScoreFront(view).Where(row => row.Method != "dense").ToList();
        var names = front.Select(ScoreMarks.Name).Distinct().ToList();
        return $"{ScoreMarks.Where(views, view)}{(views.Count == 1 ? "The" : "the")} front is made of {(names.Count <= 4 ? string.Join(", ", names) : $"{string.Join(", ", names.Take(3))} and {names.Count - 3} more")}";
    }));
}
