using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>
/// Dot products of a block of weight rows with a block of input rows over the columns that fill whole vectors. Each product has one accumulator that runs
/// over the columns, whatever the block's shape is: a row's result has the same bits alone, in a block, and for any batch.
/// </summary>
/// <remarks>
/// sums[r · batchBlock + b] = Σ_i W[r, i] · x[b, i] / <see cref="IElement.Scale"/>. While a block is multiplied, the memory ahead, as long as the block, is
/// prefetched: the processor's own prefetchers lose several short rows at every page. Nothing is called in the loops' methods, so that the
/// accumulators stay in registers.
/// </remarks>
internal static unsafe class RowDot<TElement, TLanes, TVector>
    where TElement : struct, IElement
    where TLanes : struct, IVectorLanes<TVector>
    where TVector : struct
{
    /// <summary>Input rows of the largest block that fits the vector registers: 32 with AVX-512 and on Arm64, else 16.</summary>
    public static int WidestBlock => TLanes.Count == 16 || AdvSimd.IsSupported ? 4 : 2;

    /// <summary>As many of the <paramref name="left"/> input rows as one of the kernels takes with 8, 4 or 1 weight rows (8 only if left is 1); returns how many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Block(byte* w, nint rowBytes, int rows, float* x, int left, nint columns, byte* ahead, float* sums)
    {
        if (rows == 8)
        {
            EightByOne(w, rowBytes, x, columns, ahead, sums);
            return 1;
        }

        if (rows == 1)
        {
            OneByOne(w, x, columns, ahead, sums);
            return 1;
        }

        switch (Math.Min(left, WidestBlock))
        {
            case 4:
                FourByFour(w, rowBytes, x, columns, ahead, sums);
                return 4;
            case 3:
                FourByThree(w, rowBytes, x, columns, ahead, sums);
                return 3;
            case 2:
                FourByTwo(w, rowBytes, x, columns, ahead, sums);
                return 2;
            default:
                FourByOne(w, rowBytes, x, columns, ahead, sums);
                return 1;
        }
    }

    /// <summary>1 weight row, 1 input row; writes 4 sums, of which the first counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneByOne(byte* w, float* x, nint columns, byte* ahead, float* sums)
    {
        TVector a0 = TLanes.Zero;
        for (nint i = 0; i <= columns - TLanes.Count; i += TLanes.Count)
        {
            ahead = Prefetch(ahead, 1 * TLanes.Count * TElement.Size);
            var u = Input(x, i);
            a0 = TLanes.MultiplyAdd(Weight(w, i), u, a0);
        }

        TLanes.StoreSums(sums, a0, a0, a0, a0);
    }

    /// <summary>8 weight rows, 1 input row: enough independent chains to hide the latency of the multiply-add.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EightByOne(byte* w, nint rowBytes, float* x, nint columns, byte* ahead, float* sums)
    {
        byte* w1 = w + rowBytes, w2 = w1 + rowBytes, w3 = w2 + rowBytes, w4 = w3 + rowBytes, w5 = w4 + rowBytes, w6 = w5 + rowBytes, w7 = w6 + rowBytes;
        TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero, a4 = TLanes.Zero, a5 = TLanes.Zero, a6 = TLanes.Zero, a7 = TLanes.Zero;
        for (nint i = 0; i <= columns - TLanes.Count; i += TLanes.Count)
        {
            ahead = Prefetch(ahead, 8 * TLanes.Count * TElement.Size);
            var u = Input(x, i);
            a0 = TLanes.MultiplyAdd(Weight(w, i), u, a0);
            a1 = TLanes.MultiplyAdd(Weight(w1, i), u, a1);
            a2 = TLanes.MultiplyAdd(Weight(w2, i), u, a2);
            a3 = TLanes.MultiplyAdd(Weight(w3, i), u, a3);
            a4 = TLanes.MultiplyAdd(Weight(w4, i), u, a4);
            a5 = TLanes.MultiplyAdd(Weight(w5, i), u, a5);
            a6 = TLanes.MultiplyAdd(Weight(w6, i), u, a6);
            a7 = TLanes.MultiplyAdd(Weight(w7, i), u, a7);
        }

        TLanes.StoreSums(sums, a0, a1, a2, a3);
        TLanes.StoreSums(sums + 4, a4, a5, a6, a7);
    }

    /// <summary>4 weight rows, 1 input row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourByOne(byte* w, nint rowBytes, float* x, nint columns, byte* ahead, float* sums)
    {
        byte* w1 = w + rowBytes, w2 = w1 + rowBytes, w3 = w2 + rowBytes;
        TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
        for (nint i = 0; i <= columns - TLanes.Count; i += TLanes.Count)
        {
            ahead = Prefetch(ahead, 4 * TLanes.Count * TElement.Size);
            var u = Input(x, i);
            a0 = TLanes.MultiplyAdd(Weight(w, i), u, a0);
            a1 = TLanes.MultiplyAdd(Weight(w1, i), u, a1);
            a2 = TLanes.MultiplyAdd(Weight(w2, i), u, a2);
            a3 = TLanes.MultiplyAdd(Weight(w3, i), u, a3);
        }

        TLanes.StoreSums(sums, a0, a1, a2, a3);
    }

    /// <summary>4 weight rows, 2 input rows: fits 16 vector registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourByTwo(byte* w, nint rowBytes, float* x, nint columns, byte* ahead, float* sums)
    {
        byte* w1 = w + rowBytes, w2 = w1 + rowBytes, w3 = w2 + rowBytes;
        float* x1 = x + columns;
        TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
        TVector b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
        for (nint i = 0; i <= columns - TLanes.Count; i += TLanes.Count)
        {
            ahead = Prefetch(ahead, 4 * TLanes.Count * TElement.Size);
            TVector u0 = Input(x, i), u1 = Input(x1, i);
            var v = Weight(w, i);
            a0 = TLanes.MultiplyAdd(v, u0, a0);
            b0 = TLanes.MultiplyAdd(v, u1, b0);
            v = Weight(w1, i);
            a1 = TLanes.MultiplyAdd(v, u0, a1);
            b1 = TLanes.MultiplyAdd(v, u1, b1);
            v = Weight(w2, i);
            a2 = TLanes.MultiplyAdd(v, u0, a2);
            b2 = TLanes.MultiplyAdd(v, u1, b2);
            v = Weight(w3, i);
            a3 = TLanes.MultiplyAdd(v, u0, a3);
            b3 = TLanes.MultiplyAdd(v, u1, b3);
        }

        TLanes.StoreSums(sums, a0, b0, a1, b1);
        TLanes.StoreSums(sums + 4, a2, b2, a3, b3);
    }

    /// <summary>4 weight rows, 3 input rows: fits 32 vector registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourByThree(byte* w, nint rowBytes, float* x, nint columns, byte* ahead, float* sums)
    {
        byte* w1 = w + rowBytes, w2 = w1 + rowBytes, w3 = w2 + rowBytes;
        float* x1 = x + columns, x2 = x1 + columns;
        TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
        TVector b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
        TVector c0 = TLanes.Zero, c1 = TLanes.Zero, c2 = TLanes.Zero, c3 = TLanes.Zero;
        for (nint i = 0; i <= columns - TLanes.Count; i += TLanes.Count)
        {
            ahead = Prefetch(ahead, 4 * TLanes.Count * TElement.Size);
            TVector u0 = Input(x, i), u1 = Input(x1, i), u2 = Input(x2, i);
            var v = Weight(w, i);
            a0 = TLanes.MultiplyAdd(v, u0, a0);
            b0 = TLanes.MultiplyAdd(v, u1, b0);
            c0 = TLanes.MultiplyAdd(v, u2, c0);
            v = Weight(w1, i);
            a1 = TLanes.MultiplyAdd(v, u0, a1);
            b1 = TLanes.MultiplyAdd(v, u1, b1);
            c1 = TLanes.MultiplyAdd(v, u2, c1);
            v = Weight(w2, i);
            a2 = TLanes.MultiplyAdd(v, u0, a2);
            b2 = TLanes.MultiplyAdd(v, u1, b2);
            c2 = TLanes.MultiplyAdd(v, u2, c2);
            v = Weight(w3, i);
            a3 = TLanes.MultiplyAdd(v, u0, a3);
            b3 = TLanes.MultiplyAdd(v, u1, b3);
            c3 = TLanes.MultiplyAdd(v, u2, c3);
        }

        TLanes.StoreSums(sums, a0, b0, c0, a1);
        TLanes.StoreSums(sums + 4, b1, c1, a2, b2);
        TLanes.StoreSums(sums + 8, c2, a3, b3, c3);
    }

    /// <summary>4 weight rows, 4 input rows: fits 32 vector registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourByFour(byte* w, nint rowBytes, float* x, nint columns, byte* ahead, float* sums)
    {
        byte* w1 = w + rowBytes, w2 = w1 + rowBytes, w3 = w2 + rowBytes;
        float* x1 = x + columns, x2 = x1 + columns, x3 = x2 + columns;
        TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
        TVector b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
        TVector c0 = TLanes.Zero, c1 = TLanes.Zero, c2 = TLanes.Zero, c3 = TLanes.Zero;
        TVector d0 = TLanes.Zero, d1 = TLanes.Zero, d2 = TLanes.Zero, d3 = TLanes.Zero;
        for (nint i = 0; i <= columns - TLanes.Count; i += TLanes.Count)
        {
            ahead = Prefetch(ahead, 4 * TLanes.Count * TElement.Size);
            TVector u0 = Input(x, i), u1 = Input(x1, i), u2 = Input(x2, i), u3 = Input(x3, i);
            var v = Weight(w, i);
            a0 = TLanes.MultiplyAdd(v, u0, a0);
            b0 = TLanes.MultiplyAdd(v, u1, b0);
            c0 = TLanes.MultiplyAdd(v, u2, c0);
            d0 = TLanes.MultiplyAdd(v, u3, d0);
            v = Weight(w1, i);
            a1 = TLanes.MultiplyAdd(v, u0, a1);
            b1 = TLanes.MultiplyAdd(v, u1, b1);
            c1 = TLanes.MultiplyAdd(v, u2, c1);
            d1 = TLanes.MultiplyAdd(v, u3, d1);
            v = Weight(w2, i);
            a2 = TLanes.MultiplyAdd(v, u0, a2);
            b2 = TLanes.MultiplyAdd(v, u1, b2);
            c2 = TLanes.MultiplyAdd(v, u2, c2);
            d2 = TLanes.MultiplyAdd(v, u3, d2);
            v = Weight(w3, i);
            a3 = TLanes.MultiplyAdd(v, u0, a3);
            b3 = TLanes.MultiplyAdd(v, u1, b3);
            c3 = TLanes.MultiplyAdd(v, u2, c3);
            d3 = TLanes.MultiplyAdd(v, u3, d3);
        }

        TLanes.StoreSums(sums, a0, b0, c0, d0);
        TLanes.StoreSums(sums + 4, a1, b1, c1, d1);
        TLanes.StoreSums(sums + 8, a2, b2, c2, d2);
        TLanes.StoreSums(sums + 12, a3, b3, c3, d3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Weight(byte* row, nint column) => TElement.LoadScaled<TLanes, TVector>(row, column);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Input(float* row, nint column) => TElement.Scale == 1f
        ? TLanes.Load(row + column)
        : TLanes.Multiply(TLanes.Load(row + column), TLanes.Broadcast(TElement.Scale));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Prefetch(byte* ahead, int bytes)
    {
        if (!Sse.IsSupported) return ahead;
        Sse.Prefetch1(ahead);
        if (bytes > 64) Sse.Prefetch1(ahead + 64);
        if (bytes > 128) Sse.Prefetch1(ahead + 128);
        if (bytes > 192) Sse.Prefetch1(ahead + 192);
        if (bytes > 256) Sse.Prefetch1(ahead + 256);
        if (bytes > 320) Sse.Prefetch1(ahead + 320);
        if (bytes > 384) Sse.Prefetch1(ahead + 384);
        if (bytes > 448) Sse.Prefetch1(ahead + 448);
        return ahead + bytes;
    }
}
