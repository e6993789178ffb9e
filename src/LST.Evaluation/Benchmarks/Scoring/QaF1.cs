using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>F1 of the words that an answer and its reference share, as LongBench counts it (benchmarks §3.6). Two empty answers score 0.</summary>
public static class QaF1
{
    /// <summary>English: words of the normalised texts, each as often as it stands in both.</summary>
    /// <returns>0 to 1.</returns>
    public static double Of(string prediction, string reference) => Of(PyText.Split(AnswerText.Normalize(prediction)), PyText.Split(AnswerText.Normalize(reference)));

    /// <summary>Chinese: words as jieba cuts them (precise mode), each normalised, empty ones left out.</summary>
    /// <param name="predictionWords">The cut of the prediction.</param>
    /// <param name="referenceWords">The cut of the reference.</param>
    /// <returns>0 to 1.</returns>
    public static double OfChinese(IEnumerable<string> predictionWords, IEnumerable<string> referenceWords) => Of(Clean(predictionWords), Clean(referenceWords));

    /// <summary>F1 of two multisets of words: P = common / predicted, R = common / expected, 2PR / (P + R); 0 where nothing is common.</summary>
    public static double Of(IReadOnlyList<string> predicted, IReadOnlyList<string> expected)
    {
        var common = CommonWords.Count(predicted, expected);
        if (common == 0) return 0;
        var (precision, recall) = ((double)common / predicted.Count, (double)common / expected.Count);
        return 2 * precision * recall / (precision + recall);
    }

    private static List<string> Clean(IEnumerable<string> words) => [.. words.Select(AnswerText.NormalizeChinese).Where(word => word.Length > 0)];
}

/// <summary>The intersection of multisets of words.</summary>
internal static class CommonWords
{
    /// <summary>Σ over words of the smaller of both counts.</summary>
    public static int Count(IEnumerable<string> left, IEnumerable<string> right)
    {
        var open = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in right) open[word] = open.GetValueOrDefault(word) + 1;
        var common = 0;
        foreach (var word in left)
        {
            if (!open.TryGetValue(word, out var count) || count == 0) continue;
            open[word] = count - 1;
            common++;
        }
        return common;
    }
}
