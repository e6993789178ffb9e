using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Models.Decoding;

/// <summary>Half-split rotary embedding of one position: (a, b) → (a·cos − b·sin, b·cos + a·sin) for elements i and i + D/2.</summary>
internal static unsafe class HeadRotation
{
    /// <summary>Rotates <paramref name="heads"/> rows [heads, D] in place; cos and sin hold the D/2 values of the row's position.</summary>
    public static void Apply(float* rows, int heads, int headDim, float* cos, float* sin)
    {
        switch (VectorWidths.Best)
        {
            case VectorWidth.Sixteen: Apply<Lanes512, Vector512<float>>(rows, heads, headDim, cos, sin); break;
            case VectorWidth.Eight: Apply<Lanes256, Vector256<float>>(rows, heads, headDim, cos, sin); break;
            case VectorWidth.Four: Apply<Lanes128, Vector128<float>>(rows, heads, headDim, cos, sin); break;
            default: Apply<LanesScalar, float>(rows, heads, headDim, cos, sin); break;
        }
    }

    /// <summary>As the other form, with vectors of a given width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Apply<TLanes, TVector>(float* rows, int heads, int headDim, float* cos, float* sin)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        var half = headDim / 2;
        for (var head = 0; head < heads; head++)
        {
            float* a = rows + (nint)head * headDim, b = a + half;
            nint i = 0;
            for (; i <= half - TLanes.Count; i += TLanes.Count)
            {
                TVector first = TLanes.Load(a + i), second = TLanes.Load(b + i), c = TLanes.Load(cos + i), s = TLanes.Load(sin + i);
                TLanes.Store(a + i, TLanes.Subtract(TLanes.Multiply(first, c), TLanes.Multiply(second, s)));
                TLanes.Store(b + i, TLanes.Add(TLanes.Multiply(second, c), TLanes.Multiply(first, s)));
            }

            for (; i < half; i++)
                (a[i], b[i]) = (a[i] * cos[i] - b[i] * sin[i], b[i] * cos[i] + a[i] * sin[i]);
        }
    }
}
