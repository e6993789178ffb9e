namespace LST.Evaluation.Statistics;

/// <summary>Two methods on the same items.</summary>
/// <param name="MeanDifference">Mean of score A − score B.</param>
/// <param name="StandardError">Standard error of that mean; null for a single item.</param>
/// <param name="AOnly">Items where A scores higher (0/1 scores: only A right).</param>
/// <param name="BOnly">Items where B scores higher.</param>
/// <param name="McNemarP">Exact two-sided p of McNemar's test on 0/1 scores; on other scores the sign test's.</param>
public sealed record PairedComparison(double MeanDifference, double? StandardError, int AOnly, int BOnly, double McNemarP)
{
    /// <summary>Compares scores item by item.</summary>
    public static PairedComparison Of(IReadOnlyList<double> scoresA, IReadOnlyList<double> scoresB)
    {
        if (scoresA.Count != scoresB.Count) throw new ArgumentException($"{scoresA.Count} scores of A against {scoresB.Count} of B", nameof(scoresB));
        double[] differences = [.. scoresA.Zip(scoresB, (a, b) => a - b)];
        var (mean, error) = StandardErrors.Mean(differences);
        var (aOnly, bOnly) = (differences.Count(d => d > 0), differences.Count(d => d < 0));
        return new(mean, error, aOnly, bOnly, SignTest(aOnly, bOnly));
    }

    /// <summary>Holm's adjustment of p values for the number of comparisons, in the order given.</summary>
    public static double[] Holm(IReadOnlyList<double> pValues)
    {
        var adjusted = new double[pValues.Count];
        var (largest, rank) = (0.0, 0);
        foreach (var i in Enumerable.Range(0, pValues.Count).OrderBy(i => pValues[i]))
            adjusted[i] = largest = Math.Max(largest, Math.Min(1, pValues[i] * (pValues.Count - rank++)));
        return adjusted;
    }

    /// <summary>min(1, 2 · Σ_{k ≤ min(b, c)} C(b + c, k) / 2^(b + c)), in logarithms so that thousands of items do not overflow.</summary>
    private static double SignTest(int b, int c)
    {
        var n = b + c;
        var (logTerm, sum) = (-n * Math.Log(2), 0.0);
        for (var k = 0; k <= Math.Min(b, c); k++)
        {
            sum += Math.Exp(logTerm);
            logTerm += Math.Log(n - k) - Math.Log(k + 1);
        }
        return Math.Min(1, 2 * sum);
    }
}
