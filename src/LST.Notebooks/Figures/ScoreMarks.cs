using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Statistics;

namespace LST.Notebooks.Figures;

/// <summary>What figures of benchmarks have in common: axes, names of panels, and the sentence that says who is best.</summary>
internal static class ScoreMarks
{
    public static readonly ItemRow Dense = new("dense", 1);

    public static IReadOnlyList<ItemRow> Compressed(ScoreView view) => [.. view.Rows.Where(row => row.Method != "dense")];

    public static string Axis(ScoreView view) => view.IsShare ? $"{(view.Table.Tasks.Count > 1 ? "mean score of the tasks" : "share answered")} (%)" : "loss (nats a token)";

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
            "zeroshot" => "likelihood tasks",
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

    /// <summary>At the largest ratio that most methods have, the best row of a panel and what dense has.</summary>
    public static string Finding(IReadOnlyList<ScoreView> views) => string.Join("; ", views.Select(view =>
    {
        var ratio = Compressed(view).GroupBy(row => row.RatioRequested).OrderByDescending(group => group.Count()).ThenByDescending(group => group.Key).First();
        var ordered = ratio.Select(row => (Row: row, Score: view.Score(row)!.Value)).OrderBy(row => (view.SmallerIsBetter ? 1 : -1) * row.Score.Value).ToList();
        var (best, score) = ordered[0];
        var alike = ordered.Where(row => row.Score.Value == score.Value).Select(row => Name(row.Row)).ToList();
        var unit = view.IsShare ? " %" : " nats";
        var dense = !view.Rows.Contains(Dense) ? "" : $" {(view.SmallerIsBetter ? "against" : "of")} dense's {Text(view, view.Score(Dense)!.Value.Value)}{unit}";
        var verb = (view.SmallerIsBetter, alike.Count) switch { (true, 1) => "loses least", (true, _) => "lose least", (_, 1) => "keeps most", _ => "keep most" };
        var leaders = alike.Count <= 3 ? string.Join(" and ", alike) : $"{Name(best)} and {alike.Count - 1} others";
        return $"{Where(views, view)}{(views.Count == 1 ? "At" : "at")} {Number.Short(ratio.Key)}:1 {leaders} {verb}, {Text(view, score.Value)}{(dense.Length > 0 ? "" : unit)}{dense}";
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
