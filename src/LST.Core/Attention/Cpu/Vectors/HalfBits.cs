using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>Constants of the exact widening of IEEE halves.</summary>
internal static class HalfBits
{
    /// <summary>Sign, exponent and fraction of a sign-extended half that was shifted left by 13.</summary>
    public const int ShiftedMask = unchecked((int)0x8FFFE000);

    /// <summary>2^112: the difference between the exponent biases of single and half.</summary>
    public const float BiasFactor = 5.192296858534828e33f;

    /// <summary>2^16: what is as large after the change of bias was infinity or NaN.</summary>
    public const float SmallestSpecial = 65536f;

    /// <summary>Exponent of infinities and NaN of a single.</summary>
    public const int SpecialExponent = 0x7F800000;

    private const ushort Magnitude = 0x7FFF, Infinity = 0x7C00;

    /// <summary>Whether no half is infinite or NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe bool AreFinite(ushort* halves, int length)
    {
        var largest = Vector512<ushort>.Zero;
        nint i = 0;
        for (; i <= length - Vector512<ushort>.Count; i += Vector512<ushort>.Count)
            largest = Vector512.Max(largest, Vector512.Load(halves + i) & Vector512.Create(Magnitude));
        if (Vector512.GreaterThanOrEqualAny(largest, Vector512.Create(Infinity))) return false;
        for (; i < length; i++)
            if ((halves[i] & Magnitude) >= Infinity) return false;
        return true;
    }
}
