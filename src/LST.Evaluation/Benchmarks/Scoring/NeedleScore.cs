using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>Scores of the pressure test, a needle in a haystack (benchmarks §5).</summary>
public static class NeedleScore
{
    /// <summary>The sentence that is hidden, as the grids of the papers have it.</summary>
    public const string Needle = "\nThe best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day.\n";

    /// <summary>What a response should say.</summary>
    public const string ExpectedAnswer = "eat a sandwich and sit in Dolores Park on a sunny day.";

    /// <summary>
    /// Score A: ten times F of ROUGE-1 by Google's <c>rouge_score</c> with stemming. Lower case, everything but a–z and 0–9 separates words, words of more than 3 letters are stemmed; precision over
    /// the response, recall over the needle.
    /// </summary>
    /// <returns>0 to 10; an empty response has 0.</returns>
    public static double Rouge1Times10(string response, string needle = Needle) => 10 * QaF1.Of(Stems(response), Stems(needle));

    /// <summary>Score B: the share of the expected answer's distinct words, split at white space and in lower case, that the response has.</summary>
    /// <returns>0 to 1; NaN where nothing is expected.</returns>
    public static double WordOverlap(string response, string expected = ExpectedAnswer)
    {
        var (said, words) = (Words(response), Words(expected));
        return words.Count == 0 ? double.NaN : (double)words.Count(said.Contains) / words.Count;
    }

    /// <summary>Score C: the response names both <c>sandwich</c> and <c>Dolores Park</c>, in whatever case.</summary>
    public static bool Passes(string response)
    {
        var lower = PyText.Lower(response);
        return lower.Contains("sandwich", StringComparison.Ordinal) && lower.Contains("dolores park", StringComparison.Ordinal);
    }

    private static HashSet<string> Words(string text) => new(PyText.Split(PyText.Lower(text)), StringComparer.Ordinal);

    private static List<string> Stems(string text)
    {
        var separated = string.Concat(PyText.Lower(text).Select(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') ? c : ' '));
        return [.. PyText.Split(separated).Select(word => word.Length > 3 ? PorterStemmer.Stem(word) : word)];
    }
}
