using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace LST.Core.Models.Checkpoints;

/// <summary>Formats with super-blocks of 256 values: fp16 scales of small whole scales, one for each 16 or 32 values.</summary>
internal static class SuperBlocks
{
    private const int Values = 256;

    /// <summary>16 scale bytes (low nibble scale, high nibble minimum), 64 bytes of pairs, d, dmin: d·s·q − dmin·m.</summary>
    public static void Q2_K(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var start = 0; start < values.Length; start += Values, blocks = blocks[84..])
        {
            var (scale, least) = (Lanes.Half(blocks, 80), Lanes.Half(blocks, 82));
            for (var group = 0; group < 16; group++)
            {
                // Groups of 16 values; eight of them share 32 bytes, two bits each.
                var (half, pair, side) = (group / 8, group % 8 / 2, group % 2);
                var numbers = Lanes.Pair(Lanes.Load(blocks, 16 + 32 * half + 16 * side), 2 * pair);
                Lanes.Store(numbers, scale * (blocks[group] & 0xF), -(least * (blocks[group] >> 4)), values, start + 16 * group);
            }
        }
    }

    /// <summary>32 bytes of third bits, 64 bytes of pairs, 12 bytes of 6-bit scales, d: d·(s − 32)·(q − 4 where the third bit is 0).</summary>
    public static void Q3_K(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Span<sbyte> scales = stackalloc sbyte[16];
        var four = Vector128.Create((sbyte)4);
        for (var start = 0; start < values.Length; start += Values, blocks = blocks[110..])
        {
            UnpackThirdScales(blocks.Slice(96, 12), scales);
            var scale = Lanes.Half(blocks, 108);
            for (var group = 0; group < 16; group++)
            {
                var (half, pair, side) = (group / 8, group % 8 / 2, group % 2);
                var numbers = Lanes.Pair(Lanes.Load(blocks, 32 + 32 * half + 16 * side), 2 * pair);
                var third = Lanes.Where(Lanes.Load(blocks, 16 * side), (byte)(1 << (group / 2)), 4);
                Lanes.Store(numbers + third - four, scale * scales[group], values, start + 16 * group);
            }
        }
    }

    /// <summary>d, dmin, 12 bytes of 6-bit scales and minima, 128 bytes of nibbles: d·s·q − dmin·m.</summary>
    public static void Q4_K(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var start = 0; start < values.Length; start += Values, blocks = blocks[144..])
        {
            var packed = blocks.Slice(4, 12);
            var (scale, least) = (Lanes.Half(blocks, 0), Lanes.Half(blocks, 2));
            for (var group = 0; group < 8; group++)
            {
                var (factor, minimum) = SixBits(packed, group);
                for (var side = 0; side < 2; side++)
                {
                    var bytes = Lanes.Load(blocks, 16 + 32 * (group / 2) + 16 * side);
                    var numbers = group % 2 == 0 ? Lanes.Low(bytes) : Lanes.High(bytes);
                    Lanes.Store(numbers, scale * factor, -(least * minimum), values, start + 32 * group + 16 * side);
                }
            }
        }
    }

    /// <summary>As Q4_K, with 32 bytes of fifth bits before the nibbles.</summary>
    public static void Q5_K(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var start = 0; start < values.Length; start += Values, blocks = blocks[176..])
        {
            var packed = blocks.Slice(4, 12);
            var (scale, least) = (Lanes.Half(blocks, 0), Lanes.Half(blocks, 2));
            for (var group = 0; group < 8; group++)
            {
                var (factor, minimum) = SixBits(packed, group);
                for (var side = 0; side < 2; side++)
                {
                    var bytes = Lanes.Load(blocks, 48 + 32 * (group / 2) + 16 * side);
                    var fifth = Lanes.Where(Lanes.Load(blocks, 16 + 16 * side), (byte)(1 << group), 16);
                    var numbers = (group % 2 == 0 ? Lanes.Low(bytes) : Lanes.High(bytes)) | fifth;
                    Lanes.Store(numbers, scale * factor, -(least * minimum), values, start + 32 * group + 16 * side);
                }
            }
        }
    }

    /// <summary>128 bytes of nibbles, 64 bytes of upper pairs, 16 signed scales, d: d·s·(q − 32).</summary>
    public static void Q6_K(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        var middle = Vector128.Create((sbyte)32);
        for (var start = 0; start < values.Length; start += Values, blocks = blocks[210..])
        {
            var scale = Lanes.Half(blocks, 208);
            for (var group = 0; group < 16; group++)
            {
                // Per half of 128 values: groups 0-3 in the low nibbles of 64 bytes, 4-7 in the high ones.
                var (half, inside, side) = (group / 8, group % 8, group % 2);
                var bytes = Lanes.Load(blocks, 64 * half + 16 * (inside % 4));
                var upper = Lanes.Pair(Lanes.Load(blocks, 128 + 32 * half + 16 * side), 2 * (inside / 2));
                var numbers = (inside < 4 ? Lanes.Low(bytes) : Lanes.High(bytes)) | Vector128.ShiftLeft(upper, 4);
                Lanes.Store(numbers - middle, scale * (sbyte)blocks[192 + group], values, start + 16 * group);
            }
        }
    }

    /// <summary>d, upper pairs of 8 scales, their 4 bytes of nibbles, 128 bytes of nibbles: d·(s − 32)·level[q].</summary>
    public static void IQ4_XS(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var start = 0; start < values.Length; start += Values, blocks = blocks[136..])
        {
            var (scale, upper) = (Lanes.Half(blocks, 0), BinaryPrimitives.ReadUInt16LittleEndian(blocks[2..]));
            for (var group = 0; group < 8; group++)
            {
                var lower = (blocks[4 + group / 2] >> (4 * (group % 2))) & 0xF;
                var factor = scale * ((lower | (((upper >> (2 * group)) & 3) << 4)) - 32);
                var bytes = Lanes.Load(blocks, 8 + 16 * group);
                Lanes.Store(Vector128.Shuffle(SmallBlocks.Levels, Lanes.Low(bytes)), factor, values, start + 32 * group);
                Lanes.Store(Vector128.Shuffle(SmallBlocks.Levels, Lanes.High(bytes)), factor, values, start + 32 * group + 16);
            }
        }
    }

    // Eight scales and eight minima of six bits in 12 bytes: the first four plain, the upper pairs of the last four in their top bits.
    private static (int Scale, int Minimum) SixBits(ReadOnlySpan<byte> packed, int group) => group < 4
        ? (packed[group] & 63, packed[group + 4] & 63)
        : ((packed[group + 4] & 0xF) | (packed[group - 4] >> 6 << 4), (packed[group + 4] >> 4) | (packed[group] >> 6 << 4));

    // Sixteen scales of six bits in 12 bytes: nibbles of the first eight, upper pairs in the last four.
    private static void UnpackThirdScales(ReadOnlySpan<byte> packed, Span<sbyte> scales)
    {
        for (var i = 0; i < 16; i++)
        {
            var lower = (packed[i % 8] >> (4 * (i / 8))) & 0xF;
            var upper = (packed[8 + i % 4] >> (2 * (i / 4))) & 3;
            scales[i] = (sbyte)((lower | (upper << 4)) - 32);
        }
    }
}
