using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LST.Core.Models.Checkpoints;

/// <summary>Sixteen small whole numbers at a time: the step that all block formats share.</summary>
internal static class Lanes
{
    private static readonly Vector128<byte> LowNibble = Vector128.Create((byte)0x0F);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(ReadOnlySpan<byte> source, int at) => Vector128.Create(source.Slice(at, 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> Low(Vector128<byte> packed) => (packed & LowNibble).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> High(Vector128<byte> packed) => Vector128.ShiftRightLogical(packed, 4).AsSByte();

    /// <summary>Two bits of each byte, beginning at <paramref name="shift"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> Pair(Vector128<byte> packed, int shift) =>
        (Vector128.ShiftRightLogical(packed, shift) & Vector128.Create((byte)3)).AsSByte();

    /// <summary><paramref name="value"/> in each lane whose byte has one of the bits of <paramref name="mask"/>, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> Where(Vector128<byte> bytes, byte mask, sbyte value) =>
        Vector128.AndNot(Vector128.Create(value), Vector128.Equals(bytes & Vector128.Create(mask), Vector128<byte>.Zero).AsSByte());

    /// <summary>values[at..at+16] = scale · numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<sbyte> numbers, float scale, Span<float> values, int at) => Store(numbers, scale, -0.0f, values, at);

    /// <summary>values[at..at+16] = scale · numbers + offset, rounded after each step as the reference does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<sbyte> numbers, float scale, float offset, Span<float> values, int at)
    {
        ref var target = ref MemoryMarshal.GetReference(values.Slice(at, 16));
        var (low, high) = Vector128.Widen(numbers);
        var (a, b) = Vector128.Widen(low);
        var (c, d) = Vector128.Widen(high);
        var (factor, shift) = (Vector128.Create(scale), Vector128.Create(offset));
        (Vector128.ConvertToSingle(a) * factor + shift).StoreUnsafe(ref target);
        (Vector128.ConvertToSingle(b) * factor + shift).StoreUnsafe(ref target, 4);
        (Vector128.ConvertToSingle(c) * factor + shift).StoreUnsafe(ref target, 8);
        (Vector128.ConvertToSingle(d) * factor + shift).StoreUnsafe(ref target, 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(ReadOnlySpan<byte> source, int at) => (float)MemoryMarshal.Read<Half>(source[at..]);
}
