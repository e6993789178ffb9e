using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>What is read off a row of logits (or of attention scores).</summary>
internal static unsafe class Logits
{
    private const int Block = 512;

    /// <summary>Index of the largest value, the first of equals; the first NaN, if there is one; −1 for an empty row.</summary>
    public static int ArgMax(float* values, int length) => VectorWidths.Best switch
    {
        VectorWidth.Sixteen => ArgMax<Lanes512, Vector512<float>>(values, length),
        VectorWidth.Eight => ArgMax<Lanes256, Vector256<float>>(values, length),
        VectorWidth.Four => ArgMax<Lanes128, Vector128<float>>(values, length),
        _ => ArgMax<LanesScalar, float>(values, length),
    };

    /// <summary>log Σ exp(values), summed in double; −∞ for an empty row and for a row of −∞.</summary>
    public static double LogSumExp(float* values, int length) => VectorWidths.Best switch
    {
        VectorWidth.Sixteen => LogSumExp<Lanes512, Vector512<float>>(values, length),
        VectorWidth.Eight => LogSumExp<Lanes256, Vector256<float>>(values, length),
        VectorWidth.Four => LogSumExp<Lanes128, Vector128<float>>(values, length),
        _ => LogSumExp<LanesScalar, float>(values, length),
    };

    /// <summary>Softmax in place; a row of −∞ becomes zeros.</summary>
    public static void Softmax(float* values, int length)
    {
        switch (VectorWidths.Best)
        {
            case VectorWidth.Sixteen: Softmax<Lanes512, Vector512<float>>(values, length); break;
            case VectorWidth.Eight: Softmax<Lanes256, Vector256<float>>(values, length); break;
            case VectorWidth.Four: Softmax<Lanes128, Vector128<float>>(values, length); break;
            default: Softmax<LanesScalar, float>(values, length); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static int ArgMax<TLanes, TVector>(float* values, int length)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        if (length <= 0) return -1;
        var best = float.NegativeInfinity;
        var start = 0;
        for (var block = 0; block < length && !float.IsNaN(best); block += Block)
        {
            var largest = Max<TLanes, TVector>(values + block, Math.Min(Block, length - block));
            if (largest <= best) continue;
            best = largest;
            start = block;
        }

        while (!(values[start] == best || (float.IsNaN(best) && float.IsNaN(values[start])))) start++;
        return start;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static double LogSumExp<TLanes, TVector>(float* values, int length)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        var max = Max<TLanes, TVector>(values, length);
        if (float.IsInfinity(max)) return max;
        var total = 0.0;
        for (var block = 0; block < length; block += Block)
            total += SumOfExponentials<TLanes, TVector>(values + block, Math.Min(Block, length - block), max, target: null);
        return max + Math.Log(total);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Softmax<TLanes, TVector>(float* values, int length)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        var max = Max<TLanes, TVector>(values, length);
        if (float.IsNegativeInfinity(max))
        {
            new Span<float>(values, length).Clear();
            return;
        }

        var total = 0.0;
        for (var block = 0; block < length; block += Block)
            total += SumOfExponentials<TLanes, TVector>(values + block, Math.Min(Block, length - block), max, target: values + block);
        var factor = (float)(1 / total);
        nint i = 0;
        for (; i <= length - TLanes.Count; i += TLanes.Count) TLanes.Store(values + i, TLanes.Multiply(TLanes.Load(values + i), TLanes.Broadcast(factor)));
        for (; i < length; i++) values[i] *= factor;
    }

    /// <summary>Largest value; NaN if there is one; −∞ for an empty row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float Max<TLanes, TVector>(float* values, int length)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        var max = float.NegativeInfinity;
        nint i = 0;
        if (length >= TLanes.Count)
        {
            var lanes = TLanes.Load(values);
            for (i = TLanes.Count; i <= length - TLanes.Count; i += TLanes.Count) lanes = TLanes.Max(lanes, TLanes.Load(values + i));
            max = TLanes.MaxAcross(lanes);
        }

        for (; i < length; i++) max = MathF.Max(max, values[i]);
        return max;
    }

    /// <summary>Σ exp(values − max); the terms are written to <paramref name="target"/> unless it is null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static float SumOfExponentials<TLanes, TVector>(float* values, int length, float max, float* target)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        TVector lanes = TLanes.Zero, shift = TLanes.Broadcast(max);
        nint i = 0;
        for (; i <= length - TLanes.Count; i += TLanes.Count)
        {
            var term = Exponential.Exp<TLanes, TVector>(TLanes.Subtract(TLanes.Load(values + i), shift));
            lanes = TLanes.Add(lanes, term);
            if (target is not null) TLanes.Store(target + i, term);
        }

        var sum = TLanes.Sum(lanes);
        for (; i < length; i++)
        {
            var term = Exponential.Exp<LanesScalar, float>(values[i] - max);
            sum += term;
            if (target is not null) target[i] = term;
        }

        return sum;
    }
}
