using System.Runtime.CompilerServices;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>One lane: the slow path for sizes that no vector divides.</summary>
internal readonly unsafe struct LanesScalar : IVectorLanes<float>
{
    public static int Count => 1;

    public static float Zero => 0f;

    public static float Broadcast(float value) => value;

    public static float Load(float* source) => *source;

    public static float LoadBFloat16(ushort* source) => BitConverter.UInt32BitsToSingle((uint)*source << 16);

    public static float LoadFloat16(ushort* source) => (float)BitConverter.UInt16BitsToHalf(*source);

    public static float LoadFloat16Scaled(ushort* source) =>
        BitConverter.Int32BitsToSingle(((short)*source << 13) & HalfBits.ShiftedMask);

    public static void Store(float* target, float value) => *target = value;

    public static float Add(float left, float right) => left + right;

    public static float Subtract(float left, float right) => left - right;

    public static float Multiply(float left, float right) => left * right;

    public static float Divide(float left, float right) => left / right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyAdd(float left, float right, float addend) => float.MultiplyAddEstimate(left, right, addend);

    public static float Max(float left, float right) => MathF.Max(left, right);

    public static float HalfPowerOfTwo(float biased) =>
        BitConverter.Int32BitsToSingle((BitConverter.SingleToInt32Bits(biased) << 23) + (126 << 23));

    public static float WhereLess(float value, float bound, float then, float otherwise) => value < bound ? then : otherwise;

    public static float Sum(float value) => value;

    public static void StoreSums(float* target, float first, float second, float third, float fourth)
    {
        target[0] = first;
        target[1] = second;
        target[2] = third;
        target[3] = fourth;
    }

    public static float MaxAcross(float value) => value;
}
