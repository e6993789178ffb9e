using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Models.Decoding;

/// <summary>Root-mean-square norm in float32: y = weight · x / √(mean(x²) + ε), one row after the other.</summary>
internal static unsafe class RmsNorm
{
    /// <summary>y[r] = norm of x[r]; x and y are [rows, width] and may be the same, weight is [width].</summary>
    public static void Apply(float* x, float* weight, float epsilon, float* y, int rows, int width)
    {
        for (var r = 0; r < rows; r++)
        {
            var offset = (nint)r * width;
            switch (VectorWidths.Best)
            {
                case VectorWidth.Sixteen: Row<Lanes512, Vector512<float>>(x + offset, null, weight, epsilon, y + offset, width); break;
                case VectorWidth.Eight: Row<Lanes256, Vector256<float>>(x + offset, null, weight, epsilon, y + offset, width); break;
                case VectorWidth.Four: Row<Lanes128, Vector128<float>>(x + offset, null, weight, epsilon, y + offset, width); break;
                default: Row<LanesScalar, float>(x + offset, null, weight, epsilon, y + offset, width); break;
            }
        }
    }

    /// <summary>residual[r] += delta[r], y[r] = norm of residual[r]; all are [rows, width].</summary>
    public static void AddAndApply(float* residual, float* delta, float* weight, float epsilon, float* y, int rows, int width)
    {
        for (var r = 0; r < rows; r++)
        {
            var offset = (nint)r * width;
            switch (VectorWidths.Best)
            {
                case VectorWidth.Sixteen: Row<Lanes512, Vector512<float>>(residual + offset, delta + offset, weight, epsilon, y + offset, width); break;
                case VectorWidth.Eight: Row<Lanes256, Vector256<float>>(residual + offset, delta + offset, weight, epsilon, y + offset, width); break;
                case VectorWidth.Four: Row<Lanes128, Vector128<float>>(residual + offset, delta + offset, weight, epsilon, y + offset, width); break;
                default: Row<LanesScalar, float>(residual + offset, delta + offset, weight, epsilon, y + offset, width); break;
            }
        }
    }

    /// <summary>One row; <paramref name="delta"/> null: nothing is added to x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Row<TLanes, TVector>(float* x, float* delta, float* weight, float epsilon, float* y, int width)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        TVector even = TLanes.Zero, odd = TLanes.Zero;
        nint i = 0;
        if (delta is not null)
        {
            for (; i <= width - TLanes.Count; i += TLanes.Count) TLanes.Store(x + i, TLanes.Add(TLanes.Load(x + i), TLanes.Load(delta + i)));
            for (; i < width; i++) x[i] += delta[i];
        }

        for (i = 0; i <= width - 2 * TLanes.Count; i += 2 * TLanes.Count)
        {
            TVector first = TLanes.Load(x + i), second = TLanes.Load(x + i + TLanes.Count);
            even = TLanes.MultiplyAdd(first, first, even);
            odd = TLanes.MultiplyAdd(second, second, odd);
        }

        var squares = TLanes.Sum(TLanes.Add(even, odd));
        for (; i < width; i++) squares += x[i] * x[i];

        var factor = 1f / MathF.Sqrt(squares / width + epsilon);
        var factors = TLanes.Broadcast(factor);
        for (i = 0; i <= width - TLanes.Count; i += TLanes.Count)
            TLanes.Store(y + i, TLanes.Multiply(TLanes.Multiply(TLanes.Load(x + i), factors), TLanes.Load(weight + i)));
        for (; i < width; i++) y[i] = x[i] * factor * weight[i];
    }
}
