using System.Runtime.Intrinsics;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>Float lanes of the kernels' vectors. Tests name one; everything else takes <see cref="VectorWidths.Best"/>.</summary>
internal enum VectorWidth
{
    /// <summary>No vectors.</summary>
    One = 1,

    /// <summary>128 bits: every x64 and Arm64 processor.</summary>
    Four = 4,

    /// <summary>256 bits: AVX2.</summary>
    Eight = 8,

    /// <summary>512 bits: AVX-512.</summary>
    Sixteen = 16,
}

/// <summary>Choice of a width.</summary>
internal static class VectorWidths
{
    /// <summary>The widest that this processor executes at full speed.</summary>
    public static VectorWidth Best =>
        Vector512.IsHardwareAccelerated ? VectorWidth.Sixteen
        : Vector256.IsHardwareAccelerated ? VectorWidth.Eight
        : Vector128.IsHardwareAccelerated ? VectorWidth.Four
        : VectorWidth.One;

    /// <summary>The widest, at most <paramref name="limit"/>, whose lanes divide <paramref name="size"/>.</summary>
    public static VectorWidth Dividing(int size, VectorWidth limit)
    {
        var width = (int)limit;
        while (size % width != 0) width /= 2;
        return width == 2 ? VectorWidth.One : (VectorWidth)width;
    }
}
