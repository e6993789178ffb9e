using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>8 float lanes.</summary>
internal readonly unsafe struct Lanes256 : IVectorLanes<Vector256<float>>
{
    public static int Count => 8;

    public static Vector256<float> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256<float>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadBFloat16(ushort* source) => Vector256.ShiftLeft(Widened(source), 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadFloat16(ushort* source)
    {
        // The exponent moves to its new bias by a multiplication, which also normalises subnormals.
        var value = LoadFloat16Scaled(source) * Vector256.Create(HalfBits.BiasFactor);
        var special = Vector256.GreaterThanOrEqual(Vector256.Abs(value), Vector256.Create(HalfBits.SmallestSpecial));
        return value | (special & Vector256.Create(HalfBits.SpecialExponent).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadFloat16Scaled(ushort* source) =>
        (Vector256.ShiftLeft(WidenedSigned(source), 13) & Vector256.Create(HalfBits.ShiftedMask)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, Vector256<float> value) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> left, Vector256<float> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Subtract(Vector256<float> left, Vector256<float> right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Multiply(Vector256<float> left, Vector256<float> right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Divide(Vector256<float> left, Vector256<float> right) => left / right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> left, Vector256<float> right, Vector256<float> addend) =>
        Vector256.MultiplyAddEstimate(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Max(Vector256<float> left, Vector256<float> right) => Vector256.Max(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> HalfPowerOfTwo(Vector256<float> biased) =>
        (Vector256.ShiftLeft(biased.AsInt32(), 23) + Vector256.Create(126 << 23)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> WhereLess(Vector256<float> value, Vector256<float> bound, Vector256<float> then, Vector256<float> otherwise) =>
        Vector256.ConditionalSelect(Vector256.LessThan(value, bound), then, otherwise);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> value) => Lanes128.Sum(value.GetLower() + value.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums(float* target, Vector256<float> first, Vector256<float> second, Vector256<float> third, Vector256<float> fourth)
    {
        if (!Avx.IsSupported)
        {
            Lanes128.StoreSums(
                target, first.GetLower() + first.GetUpper(), second.GetLower() + second.GetUpper(),
                third.GetLower() + third.GetUpper(), fourth.GetLower() + fourth.GetUpper());
            return;
        }

        var left = Avx.UnpackLow(first, second) + Avx.UnpackHigh(first, second);
        var right = Avx.UnpackLow(third, fourth) + Avx.UnpackHigh(third, fourth);
        var halves = Avx.UnpackLow(left.AsDouble(), right.AsDouble()).AsSingle()
            + Avx.UnpackHigh(left.AsDouble(), right.AsDouble()).AsSingle();
        (halves.GetLower() + halves.GetUpper()).Store(target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Vector256<float> value) => Lanes128.MaxAcross(Vector128.Max(value.GetLower(), value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Widened(ushort* source) => Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> WidenedSigned(ushort* source) => Vector256.WidenLower(Vector128.Load((short*)source).ToVector256Unsafe());
}
