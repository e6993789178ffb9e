using CsCheck;

namespace LST.Core.Tests.Baselines;

/// <summary>Attention, group reductions and top-k, written out in double.</summary>
internal static class NaiveScores
{
    /// <summary>Causal softmax rows A[head][i][j], j ≤ i, scale 1/√D; a sliding window W hides keys at distance W and more.</summary>
    public static double[][][] Attention(double[][][] queries, double[][][] keys, int? window = null) => [.. queries.Select((rows, h) =>
        (double[][])[.. rows.Select((query, i) =>
        {
            var weights = new double[rows.Length];
            for (var j = 0; j <= i; j++)
                if (window is null || i - j < window) weights[j] = Math.Exp(PlainNumbers.Dot(query, keys[h / (queries.Length / keys.Length)][j]) / Math.Sqrt(query.Length));
            var mass = weights.Sum();
            return (double[])[.. weights.Select(weight => weight / mass)];
        })])];

    /// <summary>Consecutive query heads of one KV head, reduced.</summary>
    public static double[][] Reduce(double[][] perQueryHead, int heads, string reduction)
    {
        var group = perQueryHead.Length / heads;
        return [.. Enumerable.Range(0, heads).Select(h => (double[])[.. Enumerable.Range(0, perQueryHead[0].Length).Select(j =>
        {
            var members = Enumerable.Range(h * group, group).Select(q => perQueryHead[q][j]);
            return reduction switch { "max" => members.Max(), "sum" => members.Sum(), _ => members.Average() };
        })])];
    }

    /// <summary>The k best of the candidates, ties to the lower index, ascending; and the gap between the last kept and the best dropped, relative to the former.</summary>
    public static (int[] Kept, double Gap) Top(double[] scores, IEnumerable<int> candidates, int k)
    {
        var ranked = candidates.OrderByDescending(j => scores[j]).ThenBy(j => j).ToArray();
        var gap = k <= 0 || k >= ranked.Length ? double.PositiveInfinity : (scores[ranked[k - 1]] - scores[ranked[k]]) / Math.Abs(scores[ranked[k - 1]]);
        return ([.. ranked.Take(k).Order()], gap);
    }

    /// <summary>Gaps so small, yet not zero, leave the choice to rounding.</summary>
    public static bool IsOpen(double gap) => gap is > 0 and < 1e-4;
}

internal static class Choices
{
    public static Gen<string> Of(params string[] names) => Gen.Int[0, names.Length - 1].Select(i => names[i]);
}
