using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace LST.Core.Models.Checkpoints;

/// <summary>Formats with blocks of 32 values: an fp16 scale d, in some an fp16 offset m, then the numbers; the second 16 values in the high nibbles.</summary>
internal static class SmallBlocks
{
    private const int Values = 32;

    /// <summary>The 16 levels of the non-linear 4-bit formats.</summary>
    public static readonly Vector128<sbyte> Levels = Vector128.Create(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

    // Bit j of the mask word belongs to value j: each lane picks its byte, then its bit.
    private static readonly Vector128<byte> BitOfLane = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);

    /// <summary>d, 16 bytes: d · (q − 8).</summary>
    public static void Q4_0(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        var eight = Vector128.Create((sbyte)8);
        for (var at = 0; at < values.Length; at += Values, blocks = blocks[18..])
        {
            var (scale, packed) = (Lanes.Half(blocks, 0), Lanes.Load(blocks, 2));
            Lanes.Store(Lanes.Low(packed) - eight, scale, values, at);
            Lanes.Store(Lanes.High(packed) - eight, scale, values, at + 16);
        }
    }

    /// <summary>d, m, 16 bytes: d · q + m.</summary>
    public static void Q4_1(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var at = 0; at < values.Length; at += Values, blocks = blocks[20..])
        {
            var (scale, offset, packed) = (Lanes.Half(blocks, 0), Lanes.Half(blocks, 2), Lanes.Load(blocks, 4));
            Lanes.Store(Lanes.Low(packed), scale, offset, values, at);
            Lanes.Store(Lanes.High(packed), scale, offset, values, at + 16);
        }
    }

    /// <summary>d, 32 fifth bits, 16 bytes: d · (q − 16).</summary>
    public static void Q5_0(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        var sixteen = Vector128.Create((sbyte)16);
        for (var at = 0; at < values.Length; at += Values, blocks = blocks[22..])
        {
            var (scale, bits, packed) = (Lanes.Half(blocks, 0), BinaryPrimitives.ReadUInt32LittleEndian(blocks[2..]), Lanes.Load(blocks, 6));
            Lanes.Store((Lanes.Low(packed) | FifthBits((ushort)bits)) - sixteen, scale, values, at);
            Lanes.Store((Lanes.High(packed) | FifthBits((ushort)(bits >> 16))) - sixteen, scale, values, at + 16);
        }
    }

    /// <summary>d, m, 32 fifth bits, 16 bytes: d · q + m.</summary>
    public static void Q5_1(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var at = 0; at < values.Length; at += Values, blocks = blocks[24..])
        {
            var (scale, offset) = (Lanes.Half(blocks, 0), Lanes.Half(blocks, 2));
            var (bits, packed) = (BinaryPrimitives.ReadUInt32LittleEndian(blocks[4..]), Lanes.Load(blocks, 8));
            Lanes.Store(Lanes.Low(packed) | FifthBits((ushort)bits), scale, offset, values, at);
            Lanes.Store(Lanes.High(packed) | FifthBits((ushort)(bits >> 16)), scale, offset, values, at + 16);
        }
    }

    /// <summary>d, 32 signed bytes: d · q.</summary>
    public static void Q8_0(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var at = 0; at < values.Length; at += Values, blocks = blocks[34..])
        {
            var scale = Lanes.Half(blocks, 0);
            Lanes.Store(Lanes.Load(blocks, 2).AsSByte(), scale, values, at);
            Lanes.Store(Lanes.Load(blocks, 18).AsSByte(), scale, values, at + 16);
        }
    }

    /// <summary>d, 16 bytes: d · level[q].</summary>
    public static void IQ4_NL(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var at = 0; at < values.Length; at += Values, blocks = blocks[18..])
        {
            var (scale, packed) = (Lanes.Half(blocks, 0), Lanes.Load(blocks, 2));
            Lanes.Store(Vector128.Shuffle(Levels, Lanes.Low(packed)), scale, values, at);
            Lanes.Store(Vector128.Shuffle(Levels, Lanes.High(packed)), scale, values, at + 16);
        }
    }

    private static Vector128<sbyte> FifthBits(ushort bits)
    {
        var bytes = Vector128.Create(Vector64.Create((byte)bits), Vector64.Create((byte)(bits >> 8)));
        var absent = Vector128.Equals(bytes & BitOfLane, Vector128<byte>.Zero).AsSByte();
        return Vector128.AndNot(Vector128.Create((sbyte)16), absent);
    }
}
