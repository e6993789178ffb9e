namespace LST.Evaluation.Statistics;

/// <summary>Percentiles of a sample, linear between neighbours (numpy's default).</summary>
public static class Percentile
{
    /// <summary>The value below which the fraction lies.</summary>
    /// <param name="sorted">The sample in ascending order, not empty.</param>
    /// <param name="fraction">0 (smallest) to 1 (largest).</param>
    public static double Of(ReadOnlySpan<double> sorted, double fraction)
    {
        if (sorted.IsEmpty) throw new ArgumentException("a percentile needs at least one value", nameof(sorted));
        var position = Math.Clamp(fraction, 0, 1) * (sorted.Length - 1);
        var below = (int)Math.Floor(position);
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
