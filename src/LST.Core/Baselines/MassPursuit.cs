using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// Orthogonal matching pursuit on the attention mass: n times the key j with the largest Σ_i E_ij · residual_i is added (ties: lower index), and the weights of all chosen keys are fitted anew
/// (least squares, clamped), residual = y − E_S w. Works on EᵀE [T, T] and Eᵀy alone: a step updates a Cholesky factor and costs O(k·T).
/// </summary>
internal static class MassPursuit
{
    // Columns that are this close to what is chosen (relative, squared length) count as independent all the same.
    private const double LeastPivot = 1e-12;

    /// <summary>The chosen keys, ascending.</summary>
    /// <param name="target">The head.</param>
    /// <param name="slots">n, below T.</param>
    /// <param name="least">Smallest weight.</param>
    /// <param name="most">Largest weight.</param>
    public static int[] Select(MatchingTarget target, int slots, double least, double most)
    {
        using var scope = NewDisposeScope();
        var exponentials = target.Exponentials();
        var gram = NormalEquations.GramOf(exponentials).cpu();
        var wanted = matmul(exponentials.t(), target.Mass).cpu();
        exponentials.Dispose();
        return Select(gram, wanted, slots, least, most);
    }

    private static int[] Select(Tensor gram, Tensor wanted, int slots, double least, double most)
    {
        var tokens = (int)wanted.shape[0];
        var all = gram.Span<double>();
        var right = wanted.Span<double>();
        var rows = empty([slots, tokens], float64);                             // rows of EᵀE of the chosen keys
        var correlations = wanted.clone();
        var factor = new double[slots * (slots + 1) / 2];                       // packed lower Cholesky factor of the chosen block
        var (forward, chosen, isChosen) = (new double[slots], new int[slots], new bool[tokens]);
        for (var k = 0; k < slots; k++)
        {
            using var scope = NewDisposeScope();
            var next = chosen[k] = Largest(correlations.Span<double>(), isChosen);
            isChosen[next] = true;
            var row = all.Slice(next * tokens, tokens);
            row.CopyTo(rows.Span<double>().Slice(k * tokens, tokens));
            var last = Row(factor, k);
            for (var i = 0; i < k; i++)
            {
                var above = Row(factor, i);
                last[i] = (row[chosen[i]] - Dot(above[..i], last[..i])) / above[i];
            }
            last[k] = Math.Sqrt(Math.Max(row[next] - Dot(last[..k], last[..k]), Math.Max(LeastPivot * row[next], double.Epsilon)));
            forward[k] = (right[next] - Dot(last[..k], forward.AsSpan(0, k))) / last[k];
            if (k == slots - 1) break;
            var weights = tensor(Weights(factor, forward.AsSpan(0, k + 1), least, most));
            correlations.copy_(wanted - matmul(weights, rows.narrow(0, 0, k + 1)));
        }
        Array.Sort(chosen);
        return chosen;
    }

    // Back substitution, clamped.
    private static double[] Weights(double[] factor, ReadOnlySpan<double> forward, double least, double most)
    {
        var weights = forward.ToArray();
        for (var i = weights.Length - 1; i >= 0; i--)
        {
            var row = Row(factor, i);
            weights[i] /= row[i];
            Subtract(weights.AsSpan(0, i), row, weights[i]);
        }
        foreach (ref var weight in weights.AsSpan()) weight = Math.Clamp(weight, least, most);
        return weights;
    }

    private static int Largest(ReadOnlySpan<double> correlations, bool[] isChosen)
    {
        var best = -1;
        for (var j = 0; j < correlations.Length; j++)
            if (!isChosen[j] && (best < 0 || correlations[j] > correlations[best])) best = j;
        return best;
    }

    private static Span<double> Row(double[] factor, int i) => factor.AsSpan(i * (i + 1) / 2, i + 1);

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var left = MemoryMarshal.Cast<double, Vector<double>>(a);
        var right = MemoryMarshal.Cast<double, Vector<double>>(b);
        var (sums, more) = (Vector<double>.Zero, Vector<double>.Zero);
        var i = 0;
        for (; i + 1 < left.Length; i += 2)
        {
            sums += left[i] * right[i];
            more += left[i + 1] * right[i + 1];
        }
        if (i < left.Length) sums += left[i] * right[i];
        var sum = Vector.Sum(sums + more);
        for (var rest = left.Length * Vector<double>.Count; rest < a.Length; rest++) sum += a[rest] * b[rest];
        return sum;
    }

    private static void Subtract(Span<double> from, ReadOnlySpan<double> row, double factor)
    {
        var into = MemoryMarshal.Cast<double, Vector<double>>(from);
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(row[..from.Length]);
        for (var i = 0; i < into.Length; i++) into[i] -= vectors[i] * factor;
        for (var rest = into.Length * Vector<double>.Count; rest < from.Length; rest++) from[rest] -= row[rest] * factor;
    }
}
