using System.Text;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>Whether one item was answered. The first maximum wins ties.</summary>
/// <param name="Acc">1 where the right choice has the largest log-likelihood (LAMBADA: where every id is the most likely one), else 0.</param>
/// <param name="AccNorm">The same with log-likelihoods divided by the code points of their choices.</param>
/// <param name="AccBytes">The same with UTF-8 bytes; no task reports it.</param>
/// <param name="Chosen">Index of the largest log-likelihood.</param>
/// <param name="ChosenNormalized">Index of the largest log-likelihood a code point.</param>
public sealed record ChoiceScores(double Acc, double AccNorm, double AccBytes, int Chosen, int ChosenNormalized)
{
    /// <summary>Scores an item.</summary>
    /// <param name="document">The item.</param>
    /// <param name="requests">One score a request.</param>
    public static ChoiceScores Of(ZeroShotDocument document, IReadOnlyList<ContinuationScore> requests)
    {
        if (requests.Count != document.Requests.Count) throw new ArgumentException($"{requests.Count} scores for {document.Requests.Count} requests", nameof(requests));
        if (document.Gold is not { } gold)
        {
            var right = requests[0].IsGreedy ? 1 : 0;
            return new ChoiceScores(right, right, right, 0, 0);
        }
        return Of(document.Choices, [.. requests.Select(request => request.LogLikelihood)], gold);
    }

    /// <summary>Scores choices.</summary>
    /// <param name="choices">Choices without the delimiter.</param>
    /// <param name="logLikelihoods">One a choice, nats.</param>
    /// <param name="gold">Index of the right one.</param>
    public static ChoiceScores Of(IReadOnlyList<string> choices, IReadOnlyList<double> logLikelihoods, int gold)
    {
        if (choices.Count != logLikelihoods.Count) throw new ArgumentException($"{logLikelihoods.Count} log-likelihoods for {choices.Count} choices", nameof(logLikelihoods));
        var plain = FirstLargest(logLikelihoods);
        var normalized = FirstLargest([.. logLikelihoods.Select((value, i) => value / PyText.Length(choices[i]))]);
        var byBytes = FirstLargest([.. logLikelihoods.Select((value, i) => value / Encoding.UTF8.GetByteCount(choices[i]))]);
        return new ChoiceScores(One(plain == gold), One(normalized == gold), One(byBytes == gold), plain, normalized);
    }

    private static double One(bool holds) => holds ? 1 : 0;

    private static int FirstLargest(IReadOnlyList<double> values)
    {
        var largest = 0;
        for (var i = 1; i < values.Count; i++)
            if (values[i] > values[largest]) largest = i;
        return largest;
    }
}
