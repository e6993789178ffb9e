using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>
/// ROUGE-L of the Python package <c>rouge</c> 1.0.1 at summary level, as LongBench calls it (benchmarks §3.6). It differs from Google's: sentences end at every full stop, words are counted
/// once, the common subsequences of all pairs of sentences are united, nothing is lower-cased or stemmed.
/// </summary>
public static class RougeL
{
    /// <summary>Steps back through one table at which Python's interpreter gives up, whereupon LongBench scores 0.</summary>
    public const int MostSteps = 990;

    /// <summary>The same in the Chinese metric, which calls from one level deeper.</summary>
    public const int MostStepsChinese = 989;

    /// <summary>F of ROUGE-L; 0 where one of the texts has no sentence.</summary>
    /// <param name="prediction">What was generated.</param>
    /// <param name="reference">A reference answer.</param>
    /// <param name="mostSteps">More steps for one pair of sentences score 0, as in the reference program; null: no limit.</param>
    /// <returns>0 to 1 − 5e-9.</returns>
    public static double Of(string prediction, string reference, int? mostSteps = MostSteps)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var (predicted, expected) = (Sentences(prediction, vocabulary), Sentences(reference, vocabulary));
        if (predicted.Count == 0 || expected.Count == 0) return 0;
        var union = new HashSet<int>();
        foreach (var x in expected)
            foreach (var y in predicted)
                if (!CommonSubsequence.Collect(x, y, union, mostSteps ?? int.MaxValue)) return 0;
        var precision = (double)union.Count / predicted.SelectMany(words => words).Distinct().Count();
        var recall = (double)union.Count / expected.SelectMany(words => words).Distinct().Count();
        return 2 * (precision * recall / (precision + recall + 1e-8));
    }

    /// <summary>The Chinese metric: words as jieba cuts them, joined by spaces.</summary>
    /// <param name="predictionWords">The cut of the prediction.</param>
    /// <param name="referenceWords">The cut of the reference.</param>
    /// <param name="mostSteps">As above.</param>
    public static double OfChinese(IEnumerable<string> predictionWords, IEnumerable<string> referenceWords, int? mostSteps = MostStepsChinese) =>
        Of(string.Join(' ', predictionWords), string.Join(' ', referenceWords), mostSteps);

    // A piece of nothing but white space is a sentence of one empty word; a piece of length 0 is none.
    private static List<int[]> Sentences(string text, Dictionary<string, int> vocabulary)
    {
        var sentences = new List<int[]>();
        foreach (var piece in text.Split('.'))
        {
            if (piece.Length == 0) continue;
            var words = PyText.Split(piece);
            if (words.Count == 0) words.Add("");
            sentences.Add([.. words.Select(Number)]);
        }
        return sentences;

        int Number(string word)
        {
            if (!vocabulary.TryGetValue(word, out var number)) vocabulary.Add(word, number = vocabulary.Count);
            return number;
        }
    }
}
