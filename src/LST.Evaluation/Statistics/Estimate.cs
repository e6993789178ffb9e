namespace LST.Evaluation.Statistics;

/// <summary>A number with its 95 % interval.</summary>
/// <param name="Value">The number on all units.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
/// <param name="Units">Units (chunks, items) that it was computed from; with one unit the interval has no width and says nothing.</param>
public readonly record struct Estimate(double Value, double Low, double High, int Units)
{
    /// <summary>The interval as records write it: [low, high].</summary>
    public double[] Ci95 => [Low, High];

    /// <summary>Whether the interval leaves <paramref name="value"/> out, so that the number differs from it; never with a single unit.</summary>
    public bool Excludes(double value) => Units > 1 && (value < Low || value > High);
}
