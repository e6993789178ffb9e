using System.Runtime.InteropServices;

namespace LST.Core.Models.Checkpoints;

/// <summary>Formats with one value a block.</summary>
internal static class PlainBlocks
{
    public static void F32(ReadOnlySpan<byte> blocks, Span<float> values) => blocks.CopyTo(MemoryMarshal.AsBytes(values));

    public static void F16(ReadOnlySpan<byte> blocks, Span<float> values) => FloatLanes.FromHalf(MemoryMarshal.Cast<byte, ushort>(blocks), values);

    public static void BF16(ReadOnlySpan<byte> blocks, Span<float> values) => FloatLanes.FromBFloat16(MemoryMarshal.Cast<byte, ushort>(blocks), values);
}
