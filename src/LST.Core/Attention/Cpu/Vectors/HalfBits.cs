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
}
