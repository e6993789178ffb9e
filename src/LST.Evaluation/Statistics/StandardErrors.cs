namespace LST.Evaluation.Statistics;

/// <summary>A mean with its standard error.</summary>
/// <param name="Mean">Arithmetic mean.</param>
/// <param name="StandardError">sd / √n with n − 1 in the sd; null for a single value.</param>
public readonly record struct MeanWithError(double Mean, double? StandardError);

/// <summary>Means, standard errors and intervals of single scores.</summary>
public static class StandardErrors
{
    /// <summary>Two-sided 95 % point of the normal distribution as the field rounds it.</summary>
    public const double Normal95 = 1.96;

    /// <summary>Mean and standard error of at least one value.</summary>
    public static MeanWithError Mean(IReadOnlyList<double> values)
    {
        if (values.Count == 0) throw new ArgumentException("a mean needs at least one value", nameof(values));
        var mean = values.Sum() / values.Count;
        if (values.Count == 1) return new(mean, null);
        var variance = values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1);
        return new(mean, Math.Sqrt(variance / values.Count));
    }

    /// <summary>Standard error of a size-weighted group of tasks: √(Σ (n_t − 1) n_t se_t² / (N − T) / N), N = Σ n_t.</summary>
    /// <param name="errors">Standard error of each task.</param>
    /// <param name="sizes">Items of each task.</param>
    public static double Pooled(IReadOnlyList<double> errors, IReadOnlyList<int> sizes)
    {
        if (errors.Count == 0 || errors.Count != sizes.Count) throw new ArgumentException($"{errors.Count} errors for {sizes.Count} sizes", nameof(sizes));
        double total = sizes.Sum();
        var squares = errors.Zip(sizes, (e, n) => (n - 1.0) * n * e * e).Sum();
        return Math.Sqrt(squares / (total - sizes.Count) / total);
    }

    /// <summary>Wilson's 95 % interval of a share; the choice near 0 and 1 and for few trials.</summary>
    /// <param name="successes">0 … <paramref name="trials"/>.</param>
    /// <param name="trials">At least 1.</param>
    public static Estimate Wilson(int successes, int trials)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        double n = trials, share = successes / n, z2 = Normal95 * Normal95;
        var centre = (share + z2 / (2 * n)) / (1 + z2 / n);
        var half = Normal95 / (1 + z2 / n) * Math.Sqrt(share * (1 - share) / n + z2 / (4 * n * n));
        // Exact at the ends, where rounding would leave a trace.
        return new(share, successes == 0 ? 0 : centre - half, successes == trials ? 1 : centre + half, trials);
    }
}
