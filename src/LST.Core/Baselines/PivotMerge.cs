using LST.Core.Compression;

namespace LST.Core.Baselines;

/// <summary>KVMerger's arithmetic in one run of tokens: a Gaussian kernel around its most attended token, the pivot.</summary>
internal static class PivotMerge
{
    /// <summary>The token with the largest accumulated attention, of equals the first.</summary>
    public static int Pivot(ReadOnlySpan<float> accumulated, (int First, int Count) run)
    {
        var pivot = run.First;
        for (var j = run.First + 1; j < run.First + run.Count; j++)
            if (accumulated[j] > accumulated[pivot]) pivot = j;
        return pivot;
    }

    /// <summary>
    /// Weights exp(−‖k_p − k_j‖² / (2σ²)) of a run's tokens, divided by their sum. Without σ, σ² is the mean of the squared distances of the tokens that are not
    /// the pivot. Where σ² is 0 all weights are equal.
    /// </summary>
    /// <param name="keys">Keys of the head [T · width].</param>
    /// <param name="width">D.</param>
    /// <param name="run">The run.</param>
    /// <param name="pivot">Its pivot.</param>
    /// <param name="sigma">σ in units of keys; null: from the run.</param>
    public static float[] Weights(ReadOnlySpan<float> keys, int width, (int First, int Count) run, int pivot, double? sigma)
    {
        var distances = new double[run.Count];
        for (var i = 0; i < run.Count; i++) distances[i] = RowArithmetic.SquaredDistance(keys.Slice((run.First + i) * width, width), keys.Slice(pivot * width, width));
        var variance = sigma is { } given ? given * given : distances.Sum() / Math.Max(1, run.Count - 1);
        double[] kernel = [.. distances.Select(distance => variance > 0 ? Math.Exp(-distance / (2 * variance)) : 1)];
        var sum = kernel.Sum();
        return [.. kernel.Select(weight => (float)(weight / sum))];
    }

    /// <summary>target = Σ weight · row over a run.</summary>
    public static void Sum(Span<float> target, ReadOnlySpan<float> rows, (int First, int Count) run, ReadOnlySpan<float> weights)
    {
        target.Clear();
        for (var i = 0; i < run.Count; i++) RowArithmetic.AddScaled(target, rows.Slice((run.First + i) * target.Length, target.Length), weights[i]);
    }
}
