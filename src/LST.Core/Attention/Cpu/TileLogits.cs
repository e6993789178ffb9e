using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Attention.Cpu;

/// <summary>
/// Attention's first half for a tile of slots: logits[g, j] = q[g] · k[j] / scale of the storage, four slots at a time, so that a key is read once for up to
/// four query rows and four sums are added up together. Each product has one accumulator that runs over D: its bits do not depend on its neighbours.
/// </summary>
internal static unsafe class TileLogits<TElement, TLanes, TVector>
    where TElement : struct, IElement
    where TLanes : struct, IVectorLanes<TVector>
    where TVector : struct
{
    /// <summary>How far ahead of the multiplication the keys are prefetched, in bytes.</summary>
    private const int PrefetchBytes = 2048;

    /// <summary>
    /// All query rows. <paramref name="keys"/> [slots, D], <paramref name="queries"/> [rows, D], D a multiple of the lanes; <paramref name="logits"/>
    /// [rows, stride] with room for slots rounded up to a multiple of 4.
    /// </summary>
    public static void Compute(byte* keys, int slots, int headDim, float* queries, float* logits, int stride, int rows)
    {
        int block;
        for (var row = 0; row < rows; row += block)
        {
            block = Math.Min(rows - row, RowDot<TElement, TLanes, TVector>.WidestBlock);
            var q = queries + (nint)row * headDim;
            var target = logits + (nint)row * stride;
            switch (block)
            {
                case 1: OneRow(keys, slots, headDim, q, target); break;
                case 2: TwoRows(keys, slots, headDim, q, target, stride); break;
                case 3: ThreeRows(keys, slots, headDim, q, target, stride); break;
                default: FourRows(keys, slots, headDim, q, target, stride); break;
            }
        }
    }

    /// <summary>1 query row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow(byte* keys, int slots, nint headDim, float* q, float* logits)
    {
        var rowBytes = headDim * TElement.Size;
        for (var j = 0; j < slots; j += 4)
        {
            var k = keys + j * rowBytes;
            byte* k1 = Row(k, 1, slots - j, rowBytes), k2 = Row(k, 2, slots - j, rowBytes), k3 = Row(k, 3, slots - j, rowBytes);
            TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
            var next = k + PrefetchBytes;
            for (nint i = 0; i < headDim; i += TLanes.Count)
            {
                next = Prefetch(next);
                var u0 = TLanes.Load(q + i);
                a0 = TLanes.MultiplyAdd(Key(k, i), u0, a0);
                a1 = TLanes.MultiplyAdd(Key(k1, i), u0, a1);
                a2 = TLanes.MultiplyAdd(Key(k2, i), u0, a2);
                a3 = TLanes.MultiplyAdd(Key(k3, i), u0, a3);
            }

            TLanes.StoreSums(logits + j, a0, a1, a2, a3);
        }
    }

    /// <summary>2 query rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoRows(byte* keys, int slots, nint headDim, float* q, float* logits, nint stride)
    {
        var rowBytes = headDim * TElement.Size;
        for (var j = 0; j < slots; j += 4)
        {
            var k = keys + j * rowBytes;
            byte* k1 = Row(k, 1, slots - j, rowBytes), k2 = Row(k, 2, slots - j, rowBytes), k3 = Row(k, 3, slots - j, rowBytes);
            TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
            TVector b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
            var next = k + PrefetchBytes;
            for (nint i = 0; i < headDim; i += TLanes.Count)
            {
                next = Prefetch(next);
                TVector u0 = TLanes.Load(q + i), u1 = TLanes.Load(q + i + headDim);
                var v = Key(k, i);
                a0 = TLanes.MultiplyAdd(v, u0, a0);
                b0 = TLanes.MultiplyAdd(v, u1, b0);
                v = Key(k1, i);
                a1 = TLanes.MultiplyAdd(v, u0, a1);
                b1 = TLanes.MultiplyAdd(v, u1, b1);
                v = Key(k2, i);
                a2 = TLanes.MultiplyAdd(v, u0, a2);
                b2 = TLanes.MultiplyAdd(v, u1, b2);
                v = Key(k3, i);
                a3 = TLanes.MultiplyAdd(v, u0, a3);
                b3 = TLanes.MultiplyAdd(v, u1, b3);
            }

            TLanes.StoreSums(logits + j, a0, a1, a2, a3);
            TLanes.StoreSums(logits + j + stride, b0, b1, b2, b3);
        }
    }

    /// <summary>3 query rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ThreeRows(byte* keys, int slots, nint headDim, float* q, float* logits, nint stride)
    {
        var rowBytes = headDim * TElement.Size;
        for (var j = 0; j < slots; j += 4)
        {
            var k = keys + j * rowBytes;
            byte* k1 = Row(k, 1, slots - j, rowBytes), k2 = Row(k, 2, slots - j, rowBytes), k3 = Row(k, 3, slots - j, rowBytes);
            TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
            TVector b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
            TVector c0 = TLanes.Zero, c1 = TLanes.Zero, c2 = TLanes.Zero, c3 = TLanes.Zero;
            var next = k + PrefetchBytes;
            for (nint i = 0; i < headDim; i += TLanes.Count)
            {
                next = Prefetch(next);
                TVector u0 = TLanes.Load(q + i), u1 = TLanes.Load(q + i + headDim), u2 = TLanes.Load(q + i + 2 * headDim);
                var v = Key(k, i);
                a0 = TLanes.MultiplyAdd(v, u0, a0);
                b0 = TLanes.MultiplyAdd(v, u1, b0);
                c0 = TLanes.MultiplyAdd(v, u2, c0);
                v = Key(k1, i);
                a1 = TLanes.MultiplyAdd(v, u0, a1);
                b1 = TLanes.MultiplyAdd(v, u1, b1);
                c1 = TLanes.MultiplyAdd(v, u2, c1);
                v = Key(k2, i);
                a2 = TLanes.MultiplyAdd(v, u0, a2);
                b2 = TLanes.MultiplyAdd(v, u1, b2);
                c2 = TLanes.MultiplyAdd(v, u2, c2);
                v = Key(k3, i);
                a3 = TLanes.MultiplyAdd(v, u0, a3);
                b3 = TLanes.MultiplyAdd(v, u1, b3);
                c3 = TLanes.MultiplyAdd(v, u2, c3);
            }

            TLanes.StoreSums(logits + j, a0, a1, a2, a3);
            TLanes.StoreSums(logits + j + stride, b0, b1, b2, b3);
            TLanes.StoreSums(logits + j + 2 * stride, c0, c1, c2, c3);
        }
    }

    /// <summary>4 query rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows(byte* keys, int slots, nint headDim, float* q, float* logits, nint stride)
    {
        var rowBytes = headDim * TElement.Size;
        for (var j = 0; j < slots; j += 4)
        {
            var k = keys + j * rowBytes;
            byte* k1 = Row(k, 1, slots - j, rowBytes), k2 = Row(k, 2, slots - j, rowBytes), k3 = Row(k, 3, slots - j, rowBytes);
            TVector a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
            TVector b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
            TVector c0 = TLanes.Zero, c1 = TLanes.Zero, c2 = TLanes.Zero, c3 = TLanes.Zero;
            TVector e0 = TLanes.Zero, e1 = TLanes.Zero, e2 = TLanes.Zero, e3 = TLanes.Zero;
            var next = k + PrefetchBytes;
            for (nint i = 0; i < headDim; i += TLanes.Count)
            {
                next = Prefetch(next);
                TVector u0 = TLanes.Load(q + i), u1 = TLanes.Load(q + i + headDim), u2 = TLanes.Load(q + i + 2 * headDim), u3 = TLanes.Load(q + i + 3 * headDim);
                var v = Key(k, i);
                a0 = TLanes.MultiplyAdd(v, u0, a0);
                b0 = TLanes.MultiplyAdd(v, u1, b0);
                c0 = TLanes.MultiplyAdd(v, u2, c0);
                e0 = TLanes.MultiplyAdd(v, u3, e0);
                v = Key(k1, i);
                a1 = TLanes.MultiplyAdd(v, u0, a1);
                b1 = TLanes.MultiplyAdd(v, u1, b1);
                c1 = TLanes.MultiplyAdd(v, u2, c1);
                e1 = TLanes.MultiplyAdd(v, u3, e1);
                v = Key(k2, i);
                a2 = TLanes.MultiplyAdd(v, u0, a2);
                b2 = TLanes.MultiplyAdd(v, u1, b2);
                c2 = TLanes.MultiplyAdd(v, u2, c2);
                e2 = TLanes.MultiplyAdd(v, u3, e2);
                v = Key(k3, i);
                a3 = TLanes.MultiplyAdd(v, u0, a3);
                b3 = TLanes.MultiplyAdd(v, u1, b3);
                c3 = TLanes.MultiplyAdd(v, u2, c3);
                e3 = TLanes.MultiplyAdd(v, u3, e3);
            }

            TLanes.StoreSums(logits + j, a0, a1, a2, a3);
            TLanes.StoreSums(logits + j + stride, b0, b1, b2, b3);
            TLanes.StoreSums(logits + j + 2 * stride, c0, c1, c2, c3);
            TLanes.StoreSums(logits + j + 3 * stride, e0, e1, e2, e3);
        }
    }

    /// <summary>Row <paramref name="r"/> of a block; the last row again where the block is not full.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Row(byte* first, int r, int left, nint rowBytes) => first + Math.Min(r, left - 1) * rowBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Key(byte* row, nint index) => TElement.LoadScaled<TLanes, TVector>(row, index);

    /// <summary>The same part of the four rows, some rows ahead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Prefetch(byte* next)
    {
        if (!Sse.IsSupported) return next;
        Sse.Prefetch0(next);
        if (4 * TLanes.Count * TElement.Size > 64) Sse.Prefetch0(next + 64);
        if (4 * TLanes.Count * TElement.Size > 128) Sse.Prefetch0(next + 128);
        if (4 * TLanes.Count * TElement.Size > 192) Sse.Prefetch0(next + 192);
        return next + 4 * TLanes.Count * TElement.Size;
    }
}
