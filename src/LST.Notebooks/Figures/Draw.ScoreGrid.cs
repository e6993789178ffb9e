using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    /// <summary>Scores of every method in every column (task, length, template) at one ratio: methods from best to worst, dense on top.</summary>
    /// <param name="view">What is shown; shares only.</param>
    /// <param name="ratio">The ratio.</param>
    /// <exception cref="UsageException">No row has that ratio, or scores are no shares.</exception>
    public static Figure ScoreGrid(ScoreView view, double ratio)
    {
        if (!view.IsShare) throw new UsageException("a grid of scores is of shares, but these are losses; draw ScoresByRatio");
        var compressed = ScoreMarks.Compressed(view).Where(row => row.RatioRequested == ratio).OrderByDescending(row => view.Score(row)!.Value.Value).ThenBy(row => row.Method, StringComparer.Ordinal).ToList();
        if (compressed.Count == 0) throw new UsageException($"no row has ratio {ratio}; ratios are {string.Join(", ", ScoreMarks.Compressed(view).Select(row => row.RatioRequested).Distinct())}");
        ItemRow[] rows = view.Rows.Contains(ScoreMarks.Dense) ? [ScoreMarks.Dense, .. compressed] : [.. compressed];
        string[] columns = [.. view.Columns, "average"];
        var scores = rows.Select(row => columns.Select((column, c) => view.Score(row, c < view.Columns.Count ? column : null)!.Value).ToArray()).ToArray();
        const int cellHeight = 24;
        var (cellWidth, left) = (Math.Clamp(900.0 / columns.Length, 54, 110), (int)LineLabels.Width(rows.Select(ScoreMarks.Name)) + 24);
        // Names of tasks are long: niah_ over multivalue, and the score below where it is not the usual one.
        var lines = columns.Select((column, c) => (column.IndexOf('_') is var at and > 0 ? $"{column[..(at + 1)]}<br>{column[(at + 1)..]}" : column) + (c < view.Columns.Count ? view.Heading(column)[column.Length..].Replace(" (", "<br>(") : "")).ToList();
        var head = 18 + (14 * lines.Max(line => line.Split("<br>").Length));
        var (right, bottom) = (left + (columns.Length * cellWidth), head + (rows.Length * cellHeight));
        bool IsWhole(int r, int c) => !view.IsCompressed(rows[r], c < view.Columns.Count ? view.Columns[c] : null);
        var wholes = Enumerable.Range(0, rows.Length).Any(r => Enumerable.Range(0, columns.Length).Any(c => IsWhole(r, c))) ? " In brackets: nothing was compressed there." : "";
        var finding = GridFinding(view, compressed, ratio);
        var canvas = new Canvas((int)Math.Max(620, right + 110), bottom + 24, finding, $"{ScoreMarks.Items([view])} Mean score in percent at {Number.Short(ratio)}:1; hover has 95 % intervals.{wholes}");
        var x = Axis.Of("", -0.5, columns.Length - 0.5, [.. Enumerable.Range(0, columns.Length).Select(c => (double)c)], lines, grid: false);
        x["side"] = "top";
        var y = Axis.Of("", rows.Length - 0.5, -0.5, [.. Enumerable.Range(0, rows.Length).Select(r => (double)r)], [.. rows.Select(ScoreMarks.Name)], grid: false);
        var panel = canvas.Panel(left, head, right, bottom, x, y);
        panel.Add(new JsonObject
        {
            ["type"] = "heatmap", ["z"] = PlotlyJson.Rows(scores.Select(row => row.Select(score => 100 * score.Value)), digits: 1), ["zmin"] = 0, ["zmax"] = 100, ["xgap"] = 2, ["ygap"] = 2, ["colorscale"] = Palette.Sequential(),
            ["text"] = PlotlyJson.Rows(scores.Select((row, r) => row.Select((score, c) => IsWhole(r, c) ? $"({100 * score.Value:0})" : $"{100 * score.Value:0}"))), ["texttemplate"] = "%{text}", ["textfont"] = new JsonObject { ["size"] = 11 },
            ["customdata"] = new JsonArray([.. scores.Select((row, r) => (JsonNode?)new JsonArray([.. row.Select((score, c) => (JsonNode?)new JsonArray(ScoreMarks.Name(rows[r]), TokenText.Escape(c < view.Columns.Count ? view.Heading(columns[c]) : columns[c]), ScoreMarks.Interval(view, score), score.Units))]))]),
            ["hovertemplate"] = "%{customdata[0]}, %{customdata[1]}<br>%{z:.1f} % %{customdata[2]}<br>%{customdata[3]} items<extra></extra>",
            ["colorbar"] = Axis.ColourBar(canvas, "score (%)", right + 20, head, bottom, 0, 100, value => value, [0, 25, 50, 75, 100]),
        });
        if (rows[0] == ScoreMarks.Dense) panel.Line(-0.5, 0.5, columns.Length - 0.5, 0.5, Palette.Ink, 1.5);
        panel.Line(view.Columns.Count - 0.5, -0.5, view.Columns.Count - 0.5, rows.Length - 0.5, Palette.Ink, 1.5);
        return canvas.ToFigure("score-grid", $"Scores of {Number.Count(rows.Length, "row")} in {Number.Count(view.Columns.Count, "column")} at {Number.Short(ratio)}:1. {finding}.", ScoreMarks.Records([view]));
    }

    private static string GridFinding(ScoreView view, IReadOnlyList<ItemRow> rows, double ratio)
    {
        if (!view.Rows.Contains(ScoreMarks.Dense)) return $"Scores at {Number.Short(ratio)}:1";
        bool IsLoss(ItemRow row, string column) => view.IsCompressed(row, column) && view.Difference(row, column) is { } difference && difference.Excludes(0) && difference.Value < 0;
        var clear = rows.Where(row => !view.Columns.Any(column => IsLoss(row, column))).Select(ScoreMarks.Name).ToList();
        var losses = rows.Select(row => view.Columns.Count(column => IsLoss(row, column))).ToList();
        var most = losses.Max();
        var worst = rows.Where((_, r) => losses[r] == most).Select(ScoreMarks.Name).ToList();
        var all = Number.Count(view.Columns.Count, "column");
        var who = clear.Count switch
        {
            0 => $"every method falls clearly behind dense in at least one of {all}",
            _ when most == 0 => $"no method falls clearly behind dense{(view.Columns.Count == 1 ? "" : $" in any of {all}")}",
            <= 3 => $"{string.Join(" and ", clear)} {(clear.Count == 1 ? "falls" : "fall")} clearly behind dense in none of {all}",
            _ => $"{clear.Count} of {rows.Count} methods fall clearly behind dense in none of {all}",
        };
        var others = worst.Count <= 2 ? string.Join(" and ", worst) : $"{worst.Count} methods";
        return $"At {Number.Short(ratio)}:1 {who}{(most == 0 ? "" : $", {others} in {(most == view.Columns.Count && most > 1 ? "all" : most)}")}";
    }
}
