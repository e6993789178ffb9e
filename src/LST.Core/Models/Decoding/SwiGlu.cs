using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Models.Decoding;

/// <summary>The gated activation of Llama's feed-forward layer.</summary>
internal static unsafe class SwiGlu
{
    /// <summary>output[i] = silu(gate[i]) · up[i], silu(g) = g / (1 + exp(−g)); output may be gate or up.</summary>
    public static void Apply(float* gate, float* up, float* output, int length)
    {
        switch (VectorWidths.Best)
        {
            case VectorWidth.Sixteen: Apply<Lanes512, Vector512<float>>(gate, up, output, length); break;
            case VectorWidth.Eight: Apply<Lanes256, Vector256<float>>(gate, up, output, length); break;
            case VectorWidth.Four: Apply<Lanes128, Vector128<float>>(gate, up, output, length); break;
            default: Apply<LanesScalar, float>(gate, up, output, length); break;
        }
    }

    /// <summary>As <see cref="Apply(float*, float*, float*, int)"/>, with vectors of a given width; an element's bits do not depend on it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply<TLanes, TVector>(float* gate, float* up, float* output, int length)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        nint i = 0;
        for (; i <= length - TLanes.Count; i += TLanes.Count)
            TLanes.Store(output + i, Activate<TLanes, TVector>(TLanes.Load(gate + i), TLanes.Load(up + i)));
        for (; i < length; i++)
            output[i] = Activate<LanesScalar, float>(gate[i], up[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Activate<TLanes, TVector>(TVector gate, TVector up)
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        var one = TLanes.Broadcast(1f);
        var decay = Exponential.Exp<TLanes, TVector>(TLanes.Subtract(TLanes.Zero, gate));
        return TLanes.Multiply(TLanes.Divide(gate, TLanes.Add(one, decay)), up);
    }
}
