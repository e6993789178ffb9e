using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Attention.Cpu;

/// <summary>
/// Attention's second half for a tile of slots: acc[g, d] = decay[g] · acc[g, d] + Σ_j p[g, j] · V[j, d] for up to 4 query rows and a block of D;
/// the weights p come times the scale of the storage (see <see cref="IElement.Scale"/>).
/// Each element has one accumulator that runs over the slots, whatever the block's shape is.
/// </summary>
internal static unsafe class WeightedSum<TElement, TLanes, TVector>
    where TElement : struct, IElement
    where TLanes : struct, IVectorLanes<TVector>
    where TVector : struct
{
    /// <summary>How far ahead of the multiplication the values are prefetched, in bytes.</summary>
    private const int PrefetchBytes = 2048;

    /// <summary>Query rows of the largest block that fits the vector registers.</summary>
    private static int WidestBlock => RowDot<TElement, TLanes, TVector>.WidestBlock;

    /// <summary>
    /// All of D for <paramref name="rows"/> query rows. <paramref name="values"/> [slots, D], <paramref name="weights"/> [rows, weightStride],
    /// <paramref name="accumulators"/> [rows, D], D a multiple of the lanes.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(byte* values, int slots, int headDim, float* weights, int weightStride, float* decay, float* accumulators, int rows)
    {
        int block;
        for (var row = 0; row < rows; row += block)
        {
            block = Math.Min(rows - row, WidestBlock);
            var p = weights + (nint)row * weightStride;
            var acc = accumulators + (nint)row * headDim;
            nint d = 0;
            for (; d <= headDim - 4 * TLanes.Count; d += 4 * TLanes.Count)
            {
                switch (block)
                {
                    case 1: OneByFour(values, d, slots, headDim, p, decay + row, acc); break;
                    case 2: TwoByFour(values, d, slots, headDim, p, weightStride, decay + row, acc); break;
                    case 3: ThreeByFour(values, d, slots, headDim, p, weightStride, decay + row, acc); break;
                    default: FourByFour(values, d, slots, headDim, p, weightStride, decay + row, acc); break;
                }
            }

            for (; d < headDim; d += TLanes.Count)
                for (var g = 0; g < block; g++)
                    OneByOne(values, d, slots, headDim, p + (nint)g * weightStride, decay + row + g, acc + (nint)g * headDim);
        }
    }

    /// <summary>1 query row, 4 vectors of D.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByFour(byte* values, nint d, int slots, nint headDim, float* p, float* decay, float* acc)
    {
        float* a = acc + d;
        var factor = TLanes.Broadcast(decay[0] / TElement.Scale);
        TVector a0 = Scaled(a, 0, factor), a1 = Scaled(a, 1, factor), a2 = Scaled(a, 2, factor), a3 = Scaled(a, 3, factor);
        var index = d;
        for (nint j = 0; j < slots; j++, index += headDim)
        {
            if (d == 0) Prefetch(values + index * TElement.Size, headDim * TElement.Size);
            TVector u0 = TLanes.Broadcast(p[j]);
            var v = Value(values, index, 0);
            a0 = TLanes.MultiplyAdd(v, u0, a0);
            v = Value(values, index, 1);
            a1 = TLanes.MultiplyAdd(v, u0, a1);
            v = Value(values, index, 2);
            a2 = TLanes.MultiplyAdd(v, u0, a2);
            v = Value(values, index, 3);
            a3 = TLanes.MultiplyAdd(v, u0, a3);
        }

        Store(a, a0, a1, a2, a3);
    }

    /// <summary>2 query rows, 4 vectors of D.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoByFour(byte* values, nint d, int slots, nint headDim, float* p, nint weightStride, float* decay, float* acc)
    {
        float* a = acc + d, b = a + headDim;
        float* p1 = p + weightStride;
        var factor = TLanes.Broadcast(decay[0] / TElement.Scale);
        TVector a0 = Scaled(a, 0, factor), a1 = Scaled(a, 1, factor), a2 = Scaled(a, 2, factor), a3 = Scaled(a, 3, factor);
        factor = TLanes.Broadcast(decay[1] / TElement.Scale);
        TVector b0 = Scaled(b, 0, factor), b1 = Scaled(b, 1, factor), b2 = Scaled(b, 2, factor), b3 = Scaled(b, 3, factor);
        var index = d;
        for (nint j = 0; j < slots; j++, index += headDim)
        {
            if (d == 0) Prefetch(values + index * TElement.Size, headDim * TElement.Size);
            TVector u0 = TLanes.Broadcast(p[j]), u1 = TLanes.Broadcast(p1[j]);
            var v = Value(values, index, 0);
            a0 = TLanes.MultiplyAdd(v, u0, a0);
            b0 = TLanes.MultiplyAdd(v, u1, b0);
            v = Value(values, index, 1);
            a1 = TLanes.MultiplyAdd(v, u0, a1);
            b1 = TLanes.MultiplyAdd(v, u1, b1);
            v = Value(values, index, 2);
            a2 = TLanes.MultiplyAdd(v, u0, a2);
            b2 = TLanes.MultiplyAdd(v, u1, b2);
            v = Value(values, index, 3);
            a3 = TLanes.MultiplyAdd(v, u0, a3);
            b3 = TLanes.MultiplyAdd(v, u1, b3);
        }

        Store(a, a0, a1, a2, a3);
        Store(b, b0, b1, b2, b3);
    }

    /// <summary>3 query rows, 4 vectors of D.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ThreeByFour(byte* values, nint d, int slots, nint headDim, float* p, nint weightStride, float* decay, float* acc)
    {
        float* a = acc + d, b = a + headDim, c = b + headDim;
        float* p1 = p + weightStride, p2 = p1 + weightStride;
        var factor = TLanes.Broadcast(decay[0] / TElement.Scale);
        TVector a0 = Scaled(a, 0, factor), a1 = Scaled(a, 1, factor), a2 = Scaled(a, 2, factor), a3 = Scaled(a, 3, factor);
        factor = TLanes.Broadcast(decay[1] / TElement.Scale);
        TVector b0 = Scaled(b, 0, factor), b1 = Scaled(b, 1, factor), b2 = Scaled(b, 2, factor), b3 = Scaled(b, 3, factor);
        factor = TLanes.Broadcast(decay[2] / TElement.Scale);
        TVector c0 = Scaled(c, 0, factor), c1 = Scaled(c, 1, factor), c2 = Scaled(c, 2, factor), c3 = Scaled(c, 3, factor);
        var index = d;
        for (nint j = 0; j < slots; j++, index += headDim)
        {
            if (d == 0) Prefetch(values + index * TElement.Size, headDim * TElement.Size);
            TVector u0 = TLanes.Broadcast(p[j]), u1 = TLanes.Broadcast(p1[j]), u2 = TLanes.Broadcast(p2[j]);
            var v = Value(values, index, 0);
            a0 = TLanes.MultiplyAdd(v, u0, a0);
            b0 = TLanes.MultiplyAdd(v, u1, b0);
            c0 = TLanes.MultiplyAdd(v, u2, c0);
            v = Value(values, index, 1);
            a1 = TLanes.MultiplyAdd(v, u0, a1);
            b1 = TLanes.MultiplyAdd(v, u1, b1);
            c1 = TLanes.MultiplyAdd(v, u2, c1);
            v = Value(values, index, 2);
            a2 = TLanes.MultiplyAdd(v, u0, a2);
            b2 = TLanes.MultiplyAdd(v, u1, b2);
            c2 = TLanes.MultiplyAdd(v, u2, c2);
            v = Value(values, index, 3);
            a3 = TLanes.MultiplyAdd(v, u0, a3);
            b3 = TLanes.MultiplyAdd(v, u1, b3);
            c3 = TLanes.MultiplyAdd(v, u2, c3);
        }

        Store(a, a0, a1, a2, a3);
        Store(b, b0, b1, b2, b3);
        Store(c, c0, c1, c2, c3);
    }

    /// <summary>4 query rows, 4 vectors of D.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByFour(byte* values, nint d, int slots, nint headDim, float* p, nint weightStride, float* decay, float* acc)
    {
        float* a = acc + d, b = a + headDim, c = b + headDim, e = c + headDim;
        float* p1 = p + weightStride, p2 = p1 + weightStride, p3 = p2 + weightStride;
        var factor = TLanes.Broadcast(decay[0] / TElement.Scale);
        TVector a0 = Scaled(a, 0, factor), a1 = Scaled(a, 1, factor), a2 = Scaled(a, 2, factor), a3 = Scaled(a, 3, factor);
        factor = TLanes.Broadcast(decay[1] / TElement.Scale);
        TVector b0 = Scaled(b, 0, factor), b1 = Scaled(b, 1, factor), b2 = Scaled(b, 2, factor), b3 = Scaled(b, 3, factor);
        factor = TLanes.Broadcast(decay[2] / TElement.Scale);
        TVector c0 = Scaled(c, 0, factor), c1 = Scaled(c, 1, factor), c2 = Scaled(c, 2, factor), c3 = Scaled(c, 3, factor);
        factor = TLanes.Broadcast(decay[3] / TElement.Scale);
        TVector e0 = Scaled(e, 0, factor), e1 = Scaled(e, 1, factor), e2 = Scaled(e, 2, factor), e3 = Scaled(e, 3, factor);
        var index = d;
        for (nint j = 0; j < slots; j++, index += headDim)
        {
            if (d == 0) Prefetch(values + index * TElement.Size, headDim * TElement.Size);
            TVector u0 = TLanes.Broadcast(p[j]), u1 = TLanes.Broadcast(p1[j]), u2 = TLanes.Broadcast(p2[j]), u3 = TLanes.Broadcast(p3[j]);
            var v = Value(values, index, 0);
            a0 = TLanes.MultiplyAdd(v, u0, a0);
            b0 = TLanes.MultiplyAdd(v, u1, b0);
            c0 = TLanes.MultiplyAdd(v, u2, c0);
            e0 = TLanes.MultiplyAdd(v, u3, e0);
            v = Value(values, index, 1);
            a1 = TLanes.MultiplyAdd(v, u0, a1);
            b1 = TLanes.MultiplyAdd(v, u1, b1);
            c1 = TLanes.MultiplyAdd(v, u2, c1);
            e1 = TLanes.MultiplyAdd(v, u3, e1);
            v = Value(values, index, 2);
            a2 = TLanes.MultiplyAdd(v, u0, a2);
            b2 = TLanes.MultiplyAdd(v, u1, b2);
            c2 = TLanes.MultiplyAdd(v, u2, c2);
            e2 = TLanes.MultiplyAdd(v, u3, e2);
            v = Value(values, index, 3);
            a3 = TLanes.MultiplyAdd(v, u0, a3);
            b3 = TLanes.MultiplyAdd(v, u1, b3);
            c3 = TLanes.MultiplyAdd(v, u2, c3);
            e3 = TLanes.MultiplyAdd(v, u3, e3);
        }

        Store(a, a0, a1, a2, a3);
        Store(b, b0, b1, b2, b3);
        Store(c, c0, c1, c2, c3);
        Store(e, e0, e1, e2, e3);
    }

    /// <summary>1 query row, 1 vector of D.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByOne(byte* values, nint d, int slots, nint headDim, float* p, float* decay, float* acc)
    {
        var a0 = Scaled(acc + d, 0, TLanes.Broadcast(decay[0] / TElement.Scale));
        var index = d;
        for (nint j = 0; j < slots; j++, index += headDim)
            a0 = TLanes.MultiplyAdd(Value(values, index, 0), TLanes.Broadcast(p[j]), a0);
        TLanes.Store(acc + d, Unscaled(a0));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Value(byte* values, nint index, int vector) => TElement.LoadScaled<TLanes, TVector>(values, index + vector * TLanes.Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Scaled(float* acc, int vector, TVector factor) => TLanes.Multiply(TLanes.Load(acc + vector * TLanes.Count), factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* acc, TVector v0, TVector v1, TVector v2, TVector v3)
    {
        TLanes.Store(acc, Unscaled(v0));
        TLanes.Store(acc + TLanes.Count, Unscaled(v1));
        TLanes.Store(acc + 2 * TLanes.Count, Unscaled(v2));
        TLanes.Store(acc + 3 * TLanes.Count, Unscaled(v3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Unscaled(TVector value) => TElement.Scale == 1f ? value : TLanes.Multiply(value, TLanes.Broadcast(TElement.Scale));

    /// <summary>A whole row some rows ahead; done in the first pass over the tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* row, nint bytes)
    {
        if (!Sse.IsSupported) return;
        for (nint i = 0; i < bytes; i += 64) Sse.Prefetch0(row + PrefetchBytes + i);
    }
}
