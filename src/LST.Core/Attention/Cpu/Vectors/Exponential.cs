using System.Runtime.CompilerServices;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>exp for float32 vectors, within 2 units in the last place.</summary>
internal static class Exponential
{
    /// <summary>Results below 1.8e-38 are 0.</summary>
    public const float Smallest = -86.9f;

    /// <summary>exp(x) above is infinite.</summary>
    public const float Largest = 88.722839f;

    private const float RoundingBias = 12582912f;
    private const float LogTwoHigh = 0.693145751953125f;
    private const float LogTwoLow = 1.42860677e-6f;

    /// <summary>exp per lane: x = n·ln 2 + r, exp(x) = 2^n · exp(r), exp(r) by its series up to r^7 (|r| ≤ ln 2 / 2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp<TLanes, TVector>(TVector x)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        // Adding 1.5·2^23 rounds to an integer that stands in the lowest bits.
        var biased = TLanes.Add(TLanes.Multiply(x, TLanes.Broadcast(1.44269504f)), TLanes.Broadcast(RoundingBias));
        var n = TLanes.Subtract(biased, TLanes.Broadcast(RoundingBias));
        var r = TLanes.MultiplyAdd(n, TLanes.Broadcast(-LogTwoHigh), x);
        r = TLanes.MultiplyAdd(n, TLanes.Broadcast(-LogTwoLow), r);

        var series = TLanes.Broadcast(1f / 5040f);
        series = TLanes.MultiplyAdd(series, r, TLanes.Broadcast(1f / 720f));
        series = TLanes.MultiplyAdd(series, r, TLanes.Broadcast(1f / 120f));
        series = TLanes.MultiplyAdd(series, r, TLanes.Broadcast(1f / 24f));
        series = TLanes.MultiplyAdd(series, r, TLanes.Broadcast(1f / 6f));
        series = TLanes.MultiplyAdd(series, r, TLanes.Broadcast(0.5f));
        series = TLanes.MultiplyAdd(series, r, TLanes.Broadcast(1f));
        series = TLanes.MultiplyAdd(series, r, TLanes.Broadcast(1f));

        // 2^n is applied as 2 · 2^(n−1): 2^128 is not a float32.
        var result = TLanes.Multiply(TLanes.Add(series, series), TLanes.HalfPowerOfTwo(biased));
        result = TLanes.WhereLess(x, TLanes.Broadcast(Smallest), TLanes.Zero, result);
        return TLanes.WhereLess(TLanes.Broadcast(Largest), x, TLanes.Broadcast(float.PositiveInfinity), result);
    }
}
