using LST.Evaluation.Random;

namespace LST.Evaluation.Statistics;

/// <summary>
/// Percentile bootstrap of medians of equally many values. A replicate draws ranks as <see cref="PairedBootstrap"/> draws units; its median lies at the ranks in the middle of
/// the draw, whatever the values are, so that they are found once and serve every sample of that size: each cell of a grid costs one sort.
/// </summary>
public sealed class MedianBootstrap
{
    private readonly (int Below, int Above)[] middle;

    /// <summary>Draws the replicates of <paramref name="units"/> values (at least 1).</summary>
    public MedianBootstrap(int units, long seed = 0, int replicates = PairedBootstrap.DefaultReplicates)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(replicates, 1);
        var random = new PyRandom(seed);
        middle = new (int, int)[replicates];
        var drawn = new int[units];
        for (var b = 0; b < replicates; b++)
        {
            for (var i = 0; i < units; i++) drawn[i] = (int)(random.NextDouble() * units);
            Array.Sort(drawn);
            middle[b] = (drawn[(units - 1) / 2], drawn[units / 2]);
        }
        Units = units;
    }

    /// <summary>Values of a sample.</summary>
    public int Units { get; }

    /// <summary>The median with its 95 % interval.</summary>
    /// <param name="values">As many as <see cref="Units"/>, in any order.</param>
    public Estimate Median(ReadOnlySpan<float> values)
    {
        if (values.Length != Units) throw new ArgumentException($"expected {Units} values, got {values.Length}", nameof(values));
        var sorted = new double[Units];
        for (var i = 0; i < sorted.Length; i++) sorted[i] = values[i];
        Array.Sort(sorted);
        var medians = new double[middle.Length];
        for (var b = 0; b < medians.Length; b++) medians[b] = (sorted[middle[b].Below] + sorted[middle[b].Above]) / 2;
        return PairedBootstrap.Interval(Percentile.Of(sorted, 0.5), medians, Units);
    }
}
