using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Statistics;

namespace LST.Notebooks.Figures;

/// <summary>What figures of benchmarks have in common: axes, names of panels, and the sentence that says who is best.</summary>
internal static class ScoreMarks
{
    public static readonly ItemRow Dense = new("dense", 1);

    /// <summary>Rows of methods that have items of every column and compressed them.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static IReadOnlyList<ItemRow> Compressed(ScoreView view)
    {
        List<ItemRow> rows = [.. view.Rows.Where(row => row.Method != "dense" && view.IsCompressed(row))];
        return rows.Count > 0 ? rows : throw new UsageException($"the figure needs a row of a method that compressed items of every column ({string.Join(", ", view.Columns)}), but these records have none; give others, or another view");
    }

    public static string Axis(ScoreView view) => view.IsShare ? $"{(view.Table.Tasks.Count > 1 ? "mean score of the tasks" : "share answered")} (%)" : view.SmallerIsBetter ? view.Table.Tasks.Contains("repeats") ? "loss (nats a token)" : "loss" : "score";

    public static double Value(ScoreView view, double score) => view.IsShare ? 100 * score : score;

    public static string Text(ScoreView view, double score) => view.IsShare ? $"{100 * score:0.0}" : $"{score:0.000}";

    public static string Interval(ScoreView view, Estimate score) => $"[{Text(view, score.Low)}, {Text(view, score.High)}]";

    public static string Panel(ScoreView view)
    {
        var record = view.Table.Records[0];
        return $"<b>{TokenText.Escape(record.Model.Name)}</b>, <b>{Benchmark(view)}</b>{(record.Mode == "query-aware" ? ", query-aware" : "")}";
    }

    public static string Benchmark(ScoreView view)
    {
        var tasks = view.Table.Tasks;
        return view.Table.Records[0].Benchmark switch
        {
            "ruler" => "RULER",
            "zeroshot" => view.Table.Records[0].Shots is > 0 and var shots ? $"likelihood tasks, {shots}-shot" : "likelihood tasks",
            "recall" when tasks is [var only] => only,
            "recall" => string.Join(" and ", tasks),
            "niah" => "needle",
            var other => other,
        };
    }

    public static string Items(IReadOnlyList<ScoreView> views) => string.Join(" ", views.Select(view =>
    {
        var counts = view.Rows.Select(row => view.Items(row)).Distinct().Order().ToList();
        return $"{TokenText.Escape(view.Table.Records[0].Model.Name)}, {Benchmark(view)}: {Number.Count(view.Table.Tasks.Count, "task")}, {(counts.Count == 1 ? $"{counts[0]:#,0}" : $"{counts[0]:#,0} to {counts[^1]:#,0}")} items a row.";
    }));

    public static string Records(IEnumerable<ScoreView> views) => string.Join(", ", views.SelectMany(view => view.Table.Records).Select(record => record.Id).Distinct());

    /// <summary>At the largest ratio that most methods have, the best row of a panel, those that pairs of items cannot tell from it, and what dense has.</summary>
    public static string Finding(IReadOnlyList<ScoreView> views) => string.Join("; ", views.Select(view =>
    {
        var ratio = Compressed(view).GroupBy(row => row.RatioRequested).OrderByDescending(group => group.Count()).ThenByDescending(group => group.Key).First();
        var ordered = ratio.Select(row => (Row: row, Score: view.Score(row)!.Value)).OrderBy(row => (view.SmallerIsBetter ? 1 : -1) * row.Score.Value).ToList();
        var (best, score) = ordered[0];
        var alike = ordered.Skip(1).Where(row => view.Between(row.Row, best) is not { } difference || !difference.Excludes(0)).Select(row => Name(row.Row)).ToList();
        var unit = view.IsShare ? " %" : view.SmallerIsBetter ? " nats" : "";
        var hasDense = view.Rows.Contains(Dense);
        var dense = !hasDense ? unit : $" {(view.SmallerIsBetter ? "against" : "of")} dense's {Text(view, view.Score(Dense)!.Value.Value)}{unit}";
        var isDense = hasDense && view.Difference(best) is { } loss && !loss.Excludes(0);
        var others = alike.Count switch { 0 => "", <= 2 => $", not to be told from {string.Join(" and ", alike)}", _ => $", not to be told from {alike[0]} and {alike.Count - 1} more" };
        return $"{Where(views, view)}{(views.Count == 1 ? "At" : "at")} {Number.Short(ratio.Key)}:1 {Name(best)} {(view.SmallerIsBetter ? "loses least" : "keeps most")}, {Text(view, score.Value)}{dense}{(isDense ? " (no difference can be told)" : "")}{others}";
    }));

    /// <summary>What tells a panel from the others, in front of what is said of it.</summary>
    public static string Where(IReadOnlyList<ScoreView> views, ScoreView view)
    {
        if (views.Count == 1) return "";
        List<string> parts = [];
        if (views.Select(other => other.Table.Records[0].Model.Name).Distinct().Count() > 1) parts.Add(TokenText.Escape(view.Table.Records[0].Model.Name));
        if (views.Select(Benchmark).Distinct().Count() > 1) parts.Add(Benchmark(view));
        if (views.Select(other => other.Table.Records[0].Mode).Distinct().Count() > 1) parts.Add(view.Table.Records[0].Mode);
        return parts.Count == 0 ? "" : $"{string.Join(", ", parts)}: ";
    }

    public static string Name(ItemRow row) => TokenText.Escape(Palette.Method(row.Method).Name);
}
