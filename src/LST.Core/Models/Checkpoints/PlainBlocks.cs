using System.Runtime.InteropServices;

namespace LST.Core.Models.Checkpoints;

/// <summary>Formats with one value a block.</summary>
internal static class PlainBlocks
{
    public static void F32(ReadOnlySpan<byte> blocks, Span<float> values) => blocks.CopyTo(MemoryMarshal.AsBytes(values));

    public static void F16(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++) values[i] = (float)MemoryMarshal.Read<Half>(blocks[(2 * i)..]);
    }

    public static void BF16(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++) values[i] = BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Read<ushort>(blocks[(2 * i)..]) << 16);
    }
}
