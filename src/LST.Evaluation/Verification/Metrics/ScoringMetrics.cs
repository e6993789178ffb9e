using System.Text.Json;
using LST.Evaluation.Benchmarks.Scoring;

namespace LST.Evaluation.Verification.Metrics;

/// <summary>Lines of the scoring functions: LongBench's, the needle's, and bytes of caches.</summary>
internal static class ScoringMetrics
{
    // Scores in steps of 0.01 have to be equal.
    private const double Exact = 1e-12;

    /// <summary>What is computed for each metric.</summary>
    internal static IReadOnlyDictionary<string, MetricCheck> All { get; } = new Dictionary<string, MetricCheck>(StringComparer.Ordinal)
    {
        ["qa_f1"] = (inputs, expected, _) => MetricDifference.Number(expected, QaF1.Of(Prediction(inputs), Truth(inputs))),
        ["qa_f1_zh"] = (inputs, expected, _) => MetricDifference.Number(expected, QaF1.OfChinese(Texts(inputs, "prediction_jieba"), Texts(inputs, "ground_truth_jieba"))),
        ["rouge_l"] = (inputs, expected, _) => MetricDifference.Number(expected, RougeL.Of(Prediction(inputs), Truth(inputs))),
        ["rouge_l_zh"] = (inputs, expected, _) => MetricDifference.Number(expected, RougeL.OfChinese(Texts(inputs, "prediction_jieba"), Texts(inputs, "ground_truth_jieba"))),
        ["rouge_l_recursion_limit"] = RecursionLimit,
        ["normalize_answer"] = (inputs, expected, _) => MetricDifference.Text(expected, AnswerText.Normalize(Text(inputs, "text"))),
        ["classification"] = (inputs, expected, _) => MetricDifference.Number(expected, Classification.Of(Prediction(inputs), Truth(inputs), Texts(inputs, "all_classes"))),
        ["retrieval"] = (inputs, expected, _) => MetricDifference.Number(expected, NumberShare.OfParagraph(Prediction(inputs), Truth(inputs))),
        ["retrieval_zh"] = (inputs, expected, _) => MetricDifference.Number(expected, NumberShare.OfChineseParagraph(Prediction(inputs), Truth(inputs))),
        ["count"] = (inputs, expected, _) => MetricDifference.Number(expected, NumberShare.Of(Prediction(inputs), Truth(inputs))),
        ["code_sim"] = (inputs, expected, _) => MetricDifference.Number(expected, CodeSimilarity.Of(Prediction(inputs), Truth(inputs), Backend(inputs)), tolerance: Exact),
        ["longbench_score"] = (inputs, expected, _) => MetricDifference.Number(expected, LongBenchScore.Percent(ItemScores(inputs))),
        ["longbench_e_score"] = ByLength,
        ["niah_rouge1_x10"] = (inputs, expected, _) => MetricDifference.Number(expected, NeedleScore.Rouge1Times10(Text(inputs, "response"), Text(inputs, "needle"))),
        ["niah_word_overlap"] = (inputs, expected, _) => MetricDifference.Number(expected, NeedleScore.WordOverlap(Text(inputs, "response"), Text(inputs, "expected_answer"))),
        ["porter_stem"] = (inputs, expected, _) => MetricDifference.Text(expected, PorterStemmer.Stem(Text(inputs, "word"))),
        ["kv_bytes"] = Bytes,
    };

    private static string? RecursionLimit(JsonElement inputs, JsonElement expected, VerificationContext context)
    {
        var text = string.Join(' ', Enumerable.Range(0, inputs.GetProperty("prediction_words").GetInt32()).Select(i => $"{Text(inputs, "word_prefix")}{i}"));
        return MetricDifference.Number(expected, RougeL.Of(text, text));
    }

    private static string? ByLength(JsonElement inputs, JsonElement expected, VerificationContext context)
    {
        var (below4k, below8k, rest) = LongBenchScore.PercentByLength(ItemScores(inputs), [.. inputs.GetProperty("lengths").EnumerateArray().Select(length => length.GetInt32())]);
        return MetricDifference.First(
            MetricDifference.Number(expected.GetProperty("0-4k"), below4k, "0-4k"),
            MetricDifference.Number(expected.GetProperty("4-8k"), below8k, "4-8k"),
            MetricDifference.Number(expected.GetProperty("8k+"), rest, "8k+"));
    }

    private static string? Bytes(JsonElement inputs, JsonElement expected, VerificationContext context)
    {
        long Number(string name) => inputs.GetProperty(name).GetInt64();
        var cache = new KeyValueBytes(Number("layers"), Number("kv_heads"), Number("head_dim"), Number("tokens"), Number("bytes_per_element"), Number("batch"));
        return MetricDifference.First(
            MetricDifference.Number(expected.GetProperty("bytes"), cache.Bytes, "bytes", 0),
            MetricDifference.Number(expected.GetProperty("gib"), cache.Gibibytes, "gib"),
            MetricDifference.Number(expected.GetProperty("gb"), cache.Gigabytes, "gb"));
    }

    private static double[] ItemScores(JsonElement inputs)
    {
        var classes = inputs.TryGetProperty("all_classes", out var given) && given.ValueKind == JsonValueKind.Array ? Texts(inputs, "all_classes") : null;
        var options = new LongBenchOptions { CodeBackend = Backend(inputs) };
        return [.. Texts(inputs, "predictions").Zip(inputs.GetProperty("answers").EnumerateArray(),
            (prediction, answers) => LongBenchScore.Item(Text(inputs, "dataset"), prediction, Texts(answers), classes, options))];
    }

    private static CodeBackend Backend(JsonElement inputs) =>
        inputs.TryGetProperty("backend", out var name) ? Enum.Parse<CodeBackend>(name.GetString()!, ignoreCase: true) : CodeBackend.Difflib;

    private static string Prediction(JsonElement inputs) => Text(inputs, "prediction");

    private static string Truth(JsonElement inputs) => Text(inputs, "ground_truth");

    private static string Text(JsonElement inputs, string name) => Text(inputs.GetProperty(name));

    // A number that stands for its own text.
    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static List<string> Texts(JsonElement inputs, string name) => Texts(inputs.GetProperty(name));

    private static List<string> Texts(JsonElement values) => [.. values.EnumerateArray().Select(Text)];
}
