namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>Depths in percent, and where they fall.</summary>
public static class DepthGrid
{
    /// <summary>RULER's 40 depths from 0 to 100.</summary>
    public static IReadOnlyList<int> Forty { get; } = Points(0, 100, 40);

    /// <summary>numpy's <c>round(linspace(start, stop, count))</c>: equal steps, both ends included, halves to the even number.</summary>
    public static int[] Points(double start, double stop, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var step = count == 1 ? 0 : (stop - start) / (count - 1);
        var points = new int[count];
        for (var i = 0; i < count; i++) points[i] = (int)Math.Round(i == count - 1 && count > 1 ? stop : (i * step) + start, MidpointRounding.ToEven);
        return points;
    }

    /// <summary>The sentence before which a depth cuts: ⌊sentences · (depth / 100)⌋ in double precision, the division first (150 and 82 give 122, not 123).</summary>
    /// <param name="sentences">Number of sentences.</param>
    /// <param name="depth">Percent.</param>
    public static int CutPoint(int sentences, int depth) => (int)(sentences * (depth / 100.0));
}
