using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>4 float lanes.</summary>
internal readonly unsafe struct Lanes128 : IVectorLanes<Vector128<float>>
{
    public static int Count => 4;

    public static Vector128<float> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128<float>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadBFloat16(ushort* source) => Vector128.ShiftLeft(Widened(source), 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadFloat16(ushort* source)
    {
        // The exponent moves to its new bias by a multiplication, which also normalises subnormals.
        var value = LoadFloat16Scaled(source) * Vector128.Create(HalfBits.BiasFactor);
        var special = Vector128.GreaterThanOrEqual(Vector128.Abs(value), Vector128.Create(HalfBits.SmallestSpecial));
        return value | (special & Vector128.Create(HalfBits.SpecialExponent).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadFloat16Scaled(ushort* source) =>
        (Vector128.ShiftLeft(WidenedSigned(source), 13) & Vector128.Create(HalfBits.ShiftedMask)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, Vector128<float> value) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> left, Vector128<float> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Subtract(Vector128<float> left, Vector128<float> right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> left, Vector128<float> right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Divide(Vector128<float> left, Vector128<float> right) => left / right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> left, Vector128<float> right, Vector128<float> addend) =>
        Vector128.MultiplyAddEstimate(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Max(Vector128<float> left, Vector128<float> right) => Vector128.Max(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> HalfPowerOfTwo(Vector128<float> biased) =>
        (Vector128.ShiftLeft(biased.AsInt32(), 23) + Vector128.Create(126 << 23)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> WhereLess(Vector128<float> value, Vector128<float> bound, Vector128<float> then, Vector128<float> otherwise) =>
        Vector128.ConditionalSelect(Vector128.LessThan(value, bound), then, otherwise);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector128<float> value) => value[0] + value[2] + (value[1] + value[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums(float* target, Vector128<float> first, Vector128<float> second, Vector128<float> third, Vector128<float> fourth)
    {
        target[0] = Sum(first);
        target[1] = Sum(second);
        target[2] = Sum(third);
        target[3] = Sum(fourth);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Vector128<float> value) => MathF.Max(MathF.Max(value[0], value[2]), MathF.Max(value[1], value[3]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Widened(ushort* source) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(source)).AsUInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> WidenedSigned(ushort* source) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(source)).AsInt16());
}
