using LST.Core;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>What the scores of LongBench depend on besides texts.</summary>
public sealed record LongBenchOptions
{
    /// <summary>What compares lines of code.</summary>
    public CodeBackend CodeBackend { get; init; } = CodeBackend.Difflib;

    /// <summary>Whether ROUGE-L of very long sentences is 0, because the reference program breaks off there.</summary>
    public bool RecursionLimit { get; init; } = true;

    /// <summary>Cuts Chinese text into words; null: tasks that need it are not run.</summary>
    public Func<string, IReadOnlyList<string>>? ChineseWords { get; init; }
}

/// <summary>Scores of LongBench's tasks: of an item, of a task, and of LongBench-E's lengths (benchmarks §3.5).</summary>
public static class LongBenchScore
{
    private static readonly HashSet<string> FirstLineTasks = new(StringComparer.Ordinal) { "trec", "triviaqa", "samsum", "lsht" };

    private static readonly Dictionary<string, LongBenchMetric> Metrics = new(StringComparer.Ordinal)
    {
        ["narrativeqa"] = LongBenchMetric.QaF1, ["qasper"] = LongBenchMetric.QaF1, ["multifieldqa_en"] = LongBenchMetric.QaF1, ["hotpotqa"] = LongBenchMetric.QaF1,
        ["2wikimqa"] = LongBenchMetric.QaF1, ["musique"] = LongBenchMetric.QaF1, ["triviaqa"] = LongBenchMetric.QaF1, ["multifieldqa_zh"] = LongBenchMetric.QaF1Chinese,
        ["gov_report"] = LongBenchMetric.RougeL, ["qmsum"] = LongBenchMetric.RougeL, ["multi_news"] = LongBenchMetric.RougeL, ["samsum"] = LongBenchMetric.RougeL,
        ["dureader"] = LongBenchMetric.RougeLChinese, ["vcsum"] = LongBenchMetric.RougeLChinese, ["trec"] = LongBenchMetric.Classification, ["lsht"] = LongBenchMetric.Classification,
        ["passage_count"] = LongBenchMetric.Count, ["passage_retrieval_en"] = LongBenchMetric.Retrieval, ["passage_retrieval_zh"] = LongBenchMetric.RetrievalChinese,
        ["lcc"] = LongBenchMetric.CodeSimilarity, ["repobench-p"] = LongBenchMetric.CodeSimilarity,
    };

    /// <summary>The 21 tasks.</summary>
    public static IReadOnlyCollection<string> Tasks => Metrics.Keys;

    /// <summary>The metric of a task.</summary>
    /// <exception cref="UsageException">An unknown task; the known ones are listed.</exception>
    public static LongBenchMetric MetricOf(string task) => Metrics.TryGetValue(task, out var metric) ? metric
        : throw new UsageException($"LongBench task '{task}' is unknown; known tasks: {string.Join(", ", Tasks.Order(StringComparer.Ordinal))}");

    /// <summary>The part of what was generated that is scored: of trec, triviaqa, samsum and lsht the first line behind leading line feeds, else all.</summary>
    public static string Answer(string task, string generated) => FirstLineTasks.Contains(task) ? generated.TrimStart('\n').Split('\n')[0] : generated;

    /// <summary>Score of one item: the largest over its reference answers, at least 0.</summary>
    /// <param name="task">One of <see cref="Tasks"/>.</param>
    /// <param name="generated">What was generated, not cleaned.</param>
    /// <param name="answers">Reference answers.</param>
    /// <param name="classes">Classes of trec and lsht; null elsewhere.</param>
    /// <param name="options">Back ends; null: parity with the reference.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="UsageException">An unknown task.</exception>
    /// <exception cref="DataException">Classes are missing, or words of Chinese cannot be cut.</exception>
    public static double Item(string task, string generated, IEnumerable<string> answers, IReadOnlyList<string>? classes = null, LongBenchOptions? options = null)
    {
        var (metric, prediction) = (MetricOf(task), Answer(task, generated));
        return answers.Select(answer => Score(task, metric, prediction, answer, classes, options ?? new())).Append(0).Max();
    }

    /// <summary>Score of a task: 100 · mean over items, rounded to 2 decimals as Python does; NaN without items.</summary>
    /// <param name="scores">Scores of its items, 0 to 1.</param>
    public static double Percent(IReadOnlyCollection<double> scores) => scores.Count == 0 ? double.NaN : PyNumber.Round(100 * scores.Sum() / scores.Count, 2);

    /// <summary>LongBench-E: percentages of the items below 4,000 words, below 8,000, and of the rest; NaN where there is none.</summary>
    /// <param name="scores">Scores of all items.</param>
    /// <param name="lengths">The field <c>length</c> of each.</param>
    public static (double Below4k, double Below8k, double From8k) PercentByLength(IReadOnlyList<double> scores, IReadOnlyList<int> lengths)
    {
        if (scores.Count != lengths.Count) throw new ArgumentException($"{scores.Count} scores for {lengths.Count} lengths", nameof(lengths));
        double Of(Func<int, bool> fits) => Percent([.. scores.Where((_, i) => fits(lengths[i]))]);
        return (Of(length => length < 4000), Of(length => length is >= 4000 and < 8000), Of(length => length >= 8000));
    }

    private static double Score(string task, LongBenchMetric metric, string prediction, string answer, IReadOnlyList<string>? classes, LongBenchOptions options)
    {
        IReadOnlyList<string> Words(string text) => (options.ChineseWords ?? throw new DataException(
            $"LongBench task '{task}' is scored by Chinese words, but this build has nothing that cuts Chinese text into words; leave the task out."))(text);
        return metric switch
        {
            LongBenchMetric.QaF1 => QaF1.Of(prediction, answer),
            LongBenchMetric.QaF1Chinese => QaF1.OfChinese(Words(prediction), Words(answer)),
            LongBenchMetric.RougeL => RougeL.Of(prediction, answer, options.RecursionLimit ? RougeL.MostSteps : null),
            LongBenchMetric.RougeLChinese => RougeL.OfChinese(Words(prediction), Words(answer), options.RecursionLimit ? RougeL.MostStepsChinese : null),
            LongBenchMetric.Classification => Classification.Of(prediction, answer, classes ?? throw new DataException(
                $"LongBench task '{task}' is scored by classes, but the item has no all_classes; get the task's file again.")),
            LongBenchMetric.Count => NumberShare.Of(prediction, answer),
            LongBenchMetric.Retrieval => NumberShare.OfParagraph(prediction, answer),
            LongBenchMetric.RetrievalChinese => NumberShare.OfChineseParagraph(prediction, answer),
            LongBenchMetric.CodeSimilarity => CodeSimilarity.Of(prediction, answer, options.CodeBackend),
            _ => throw new ArgumentOutOfRangeException(nameof(metric)),
        };
    }
}
