using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LST.Core.Models.Checkpoints;

/// <summary>fp32 to and from the two 16-bit types, eight at a time; rounding is to the nearest, ties to even, as in libtorch.</summary>
internal static class FloatLanes
{
    /// <summary>Widens bf16 bits exactly.</summary>
    public static void FromBFloat16(ReadOnlySpan<ushort> source, Span<float> values)
    {
        var i = 0;
        for (; i + 8 <= values.Length; i += 8)
        {
            var (low, high) = Vector128.Widen(Vector128.Create(source.Slice(i, 8)));
            Store(Vector128.ShiftLeft(low, 16), Vector128.ShiftLeft(high, 16), values, i);
        }
        for (; i < values.Length; i++) values[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
    }

    /// <summary>Widens fp16 bits exactly.</summary>
    public static void FromHalf(ReadOnlySpan<ushort> source, Span<float> values)
    {
        var i = 0;
        for (; i + 8 <= values.Length; i += 8)
        {
            var (low, high) = Vector128.Widen(Vector128.Create(source.Slice(i, 8)));
            Store(WidenHalf(low), WidenHalf(high), values, i);
        }
        for (; i < values.Length; i++) values[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
    }

    /// <summary>Rounds to bf16 bits.</summary>
    public static void ToBFloat16(ReadOnlySpan<float> values, Span<ushort> target)
    {
        var bits = MemoryMarshal.Cast<float, uint>(values);
        var i = 0;
        for (; i + 8 <= bits.Length; i += 8)
        {
            var (low, high) = (RoundToBFloat16(Vector128.Create(bits.Slice(i, 4))), RoundToBFloat16(Vector128.Create(bits.Slice(i + 4, 4))));
            Vector128.Narrow(low, high).CopyTo(target.Slice(i, 8));
        }
        for (; i < bits.Length; i++) target[i] = (ushort)RoundToBFloat16(Vector128.CreateScalar(bits[i])).ToScalar();
    }

    /// <summary>Rounds to fp16 bits; what is too large becomes infinity.</summary>
    public static void ToHalf(ReadOnlySpan<float> values, Span<ushort> target)
    {
        var bits = MemoryMarshal.Cast<float, uint>(values);
        var i = 0;
        for (; i + 8 <= bits.Length; i += 8)
        {
            var (low, high) = (RoundToHalf(Vector128.Create(bits.Slice(i, 4))), RoundToHalf(Vector128.Create(bits.Slice(i + 4, 4))));
            Vector128.Narrow(low, high).CopyTo(target.Slice(i, 8));
        }
        for (; i < bits.Length; i++) target[i] = (ushort)RoundToHalf(Vector128.CreateScalar(bits[i])).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<uint> low, Vector128<uint> high, Span<float> values, int at)
    {
        low.AsSingle().CopyTo(values.Slice(at, 4));
        high.AsSingle().CopyTo(values.Slice(at + 4, 4));
    }

    // The fields moved to their places in fp32 and scaled by 2^112 give the value, subnormals included; infinity and NaN need the full exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> WidenHalf(Vector128<uint> half)
    {
        var magnitude = half & Vector128.Create(0x7FFFu);
        var sign = Vector128.ShiftLeft(half & Vector128.Create(0x8000u), 16);
        var scaled = (Vector128.ShiftLeft(magnitude, 13).AsSingle() * BitConverter.UInt32BitsToSingle((127 + 112) << 23)).AsUInt32();
        var special = Vector128.GreaterThan(magnitude, Vector128.Create(0x7BFFu)) & Vector128.Create(0x7F800000u);
        return scaled | special | sign;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> RoundToBFloat16(Vector128<uint> bits)
    {
        var odd = Vector128.ShiftRightLogical(bits, 16) & Vector128<uint>.One;
        var rounded = Vector128.ShiftRightLogical(bits + Vector128.Create(0x7FFFu) + odd, 16);
        var isNan = Vector128.GreaterThan(bits & Vector128.Create(0x7FFFFFFFu), Vector128.Create(0x7F800000u));
        return Vector128.ConditionalSelect(isNan, Vector128.Create(0x7FC0u), rounded);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> RoundToHalf(Vector128<uint> bits)
    {
        var sign = bits & Vector128.Create(0x80000000u);
        var magnitude = bits ^ sign;
        // Normal numbers: move the exponent, round the 13 bits that fall off.
        var odd = Vector128.ShiftRightLogical(magnitude, 13) & Vector128<uint>.One;
        var normal = Vector128.ShiftRightLogical(magnitude + Vector128.Create(unchecked((uint)((15 - 127) << 23) + 0xFFFu)) + odd, 13);
        // Subnormal ones: adding 0.5 lets the adder shift and round.
        var half = Vector128.Create(0.5f);
        var tiny = (magnitude.AsSingle() + half).AsUInt32() - half.AsUInt32();
        var isNan = Vector128.GreaterThan(magnitude, Vector128.Create(0x7F800000u));
        var special = Vector128.ConditionalSelect(isNan, Vector128.Create(0x7E00u), Vector128.Create(0x7C00u));
        var result = Vector128.ConditionalSelect(Vector128.LessThan(magnitude, Vector128.Create(113u << 23)), tiny, normal);
        result = Vector128.ConditionalSelect(Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(143u << 23)), special, result);
        return result | Vector128.ShiftRightLogical(sign, 16);
    }
}
