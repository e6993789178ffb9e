using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>16 float lanes.</summary>
internal readonly unsafe struct Lanes512 : IVectorLanes<Vector512<float>>
{
    public static int Count => 16;

    public static Vector512<float> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512<float>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadBFloat16(ushort* source) => Vector512.ShiftLeft(Widened(source), 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadFloat16(ushort* source)
    {
        // The exponent moves to its new bias by a multiplication, which also normalises subnormals.
        var value = LoadFloat16Scaled(source) * Vector512.Create(HalfBits.BiasFactor);
        var special = Vector512.GreaterThanOrEqual(Vector512.Abs(value), Vector512.Create(HalfBits.SmallestSpecial));
        return value | (special & Vector512.Create(HalfBits.SpecialExponent).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadFloat16Scaled(ushort* source) =>
        (Vector512.ShiftLeft(WidenedSigned(source), 13) & Vector512.Create(HalfBits.ShiftedMask)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, Vector512<float> value) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> left, Vector512<float> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Subtract(Vector512<float> left, Vector512<float> right) => left - right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> left, Vector512<float> right) => left * right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Divide(Vector512<float> left, Vector512<float> right) => left / right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> left, Vector512<float> right, Vector512<float> addend) =>
        Vector512.MultiplyAddEstimate(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Max(Vector512<float> left, Vector512<float> right) => Vector512.Max(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> HalfPowerOfTwo(Vector512<float> biased) =>
        (Vector512.ShiftLeft(biased.AsInt32(), 23) + Vector512.Create(126 << 23)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> WhereLess(Vector512<float> value, Vector512<float> bound, Vector512<float> then, Vector512<float> otherwise) =>
        Vector512.ConditionalSelect(Vector512.LessThan(value, bound), then, otherwise);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> value) => Lanes256.Sum(value.GetLower() + value.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreSums(float* target, Vector512<float> first, Vector512<float> second, Vector512<float> third, Vector512<float> fourth)
    {
        if (!Avx512F.IsSupported)
        {
            Lanes256.StoreSums(
                target, first.GetLower() + first.GetUpper(), second.GetLower() + second.GetUpper(),
                third.GetLower() + third.GetUpper(), fourth.GetLower() + fourth.GetUpper());
            return;
        }

        // Two rounds of interleaved additions leave the four sums side by side in each quarter of the vector.
        var left = Avx512F.UnpackLow(first, second) + Avx512F.UnpackHigh(first, second);
        var right = Avx512F.UnpackLow(third, fourth) + Avx512F.UnpackHigh(third, fourth);
        var quarters = Avx512F.UnpackLow(left.AsDouble(), right.AsDouble()).AsSingle()
            + Avx512F.UnpackHigh(left.AsDouble(), right.AsDouble()).AsSingle();
        var halves = quarters.GetLower() + quarters.GetUpper();
        (halves.GetLower() + halves.GetUpper()).Store(target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Vector512<float> value) => Lanes256.MaxAcross(Vector256.Max(value.GetLower(), value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Widened(ushort* source) => Vector512.WidenLower(Vector256.Load(source).ToVector512Unsafe());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> WidenedSigned(ushort* source) => Vector512.WidenLower(Vector256.Load((short*)source).ToVector512Unsafe());
}
