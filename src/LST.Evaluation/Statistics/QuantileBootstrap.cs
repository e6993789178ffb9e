using LST.Evaluation.Random;

namespace LST.Evaluation.Statistics;

/// <summary>
/// Percentile bootstrap of quantiles of values that come in units, equally many from each: the errors of one query in all heads rise and fall together, so that a replicate draws
/// queries and takes all errors of each. Units are drawn as <see cref="PairedBootstrap"/> draws them; make one instance for all samples of the same units.
/// </summary>
public sealed class QuantileBootstrap
{
    // How often each unit was drawn [replicates][units].
    private readonly int[][] drawn;

    /// <summary>Draws the replicates of <paramref name="units"/> units (at least 1).</summary>
    public QuantileBootstrap(int units, long seed = 0, int replicates = PairedBootstrap.DefaultReplicates)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(replicates, 1);
        var random = new PyRandom(seed);
        drawn = new int[replicates][];
        for (var b = 0; b < replicates; b++)
        {
            drawn[b] = new int[units];
            for (var i = 0; i < units; i++) drawn[b][(int)(random.NextDouble() * units)]++;
        }
        Units = units;
    }

    /// <summary>Units of a sample.</summary>
    public int Units { get; }

    /// <summary>The quantile with its 95 % interval.</summary>
    /// <param name="values">One value of each unit, then the next value of each, and so on.</param>
    /// <param name="fraction">0 (smallest) to 1 (largest); dear where it is small, since a replicate is counted from above.</param>
    public Estimate Quantile(ReadOnlySpan<float> values, double fraction)
    {
        if (values.IsEmpty || values.Length % Units != 0) throw new ArgumentException($"expected as many values of each of {Units} units, got {values.Length} values", nameof(values));
        var (sorted, unitOf) = (values.ToArray(), new int[values.Length]);
        for (var i = 0; i < unitOf.Length; i++) unitOf[i] = i % Units;
        Array.Sort(sorted, unitOf);
        var place = Math.Clamp(fraction, 0, 1) * (sorted.Length - 1);
        var below = (int)Math.Floor(place);
        var quantiles = new double[drawn.Length];
        for (var b = 0; b < quantiles.Length; b++) quantiles[b] = Between(sorted, unitOf, drawn[b], below, place - below);
        return PairedBootstrap.Interval(Percentile.Of([.. sorted.Select(value => (double)value)], fraction), quantiles, Units);
    }

    // Of a sample that holds each value as often as its unit was drawn: linear between the places below and below + 1.
    private static double Between(float[] sorted, int[] unitOf, int[] times, int below, double share)
    {
        // So many values of the sample lie at or above a value while it is passed from above.
        var (at, counted) = (sorted.Length, 0);
        while (counted < sorted.Length - below - 1) counted += times[unitOf[--at]];
        var above = at < sorted.Length ? sorted[at] : 0;
        while (counted < sorted.Length - below) counted += times[unitOf[--at]];
        return share == 0 ? sorted[at] : sorted[at] + (share * (above - sorted[at]));
    }
}
