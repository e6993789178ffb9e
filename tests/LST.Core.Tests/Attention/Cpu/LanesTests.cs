using System.Runtime.Intrinsics;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Tests.Attention.Cpu;

public unsafe class LanesTests
{
    [Fact]
    public void Widens_every_half_exactly_in_every_width()
    {
        Halves<Lanes512, Vector512<float>>();
        Halves<Lanes256, Vector256<float>>();
        Halves<Lanes128, Vector128<float>>();
        Halves<LanesScalar, float>();
    }

    [Fact]
    public void Widens_every_bfloat16_exactly_in_every_width()
    {
        BFloats<Lanes512, Vector512<float>>();
        BFloats<Lanes256, Vector256<float>>();
        BFloats<Lanes128, Vector128<float>>();
        BFloats<LanesScalar, float>();
    }

    [Fact]
    public void Exponential_is_within_two_units_in_the_last_place_of_the_true_one()
    {
        Exponentials<Lanes512, Vector512<float>>();
        Exponentials<Lanes256, Vector256<float>>();
        Exponentials<Lanes128, Vector128<float>>();
        Exponentials<LanesScalar, float>();
    }

    [Fact]
    public void Exponential_has_the_limits_of_the_true_one()
    {
        Assert.Equal(0f, Exp(float.NegativeInfinity));
        Assert.Equal(0f, Exp(-1e30f));
        Assert.Equal(0f, Exp(-200f));
        Assert.Equal(1f, Exp(0f));
        Assert.Equal(1f, Exp(-0f));
        Assert.Equal(float.PositiveInfinity, Exp(88.73f));
        Assert.Equal(float.PositiveInfinity, Exp(1e30f));
        Assert.Equal(float.PositiveInfinity, Exp(float.PositiveInfinity));
        Assert.True(float.IsFinite(Exp(88.72f)));
        Assert.True(float.IsNaN(Exp(float.NaN)));
        return;

        static float Exp(float x)
        {
            var scalar = Exponential.Exp<LanesScalar, float>(x);
            var vector = Exponential.Exp<Lanes512, Vector512<float>>(Vector512.Create(x))[7];
            Assert.Equal(BitConverter.SingleToInt32Bits(scalar), BitConverter.SingleToInt32Bits(vector));
            return scalar;
        }
    }

    [Fact]
    public void Four_sums_are_each_the_sum_of_its_own_lanes_in_one_order()
    {
        Sums<Lanes512, Vector512<float>>();
        Sums<Lanes256, Vector256<float>>();
        Sums<Lanes128, Vector128<float>>();
        Sums<LanesScalar, float>();
    }

    private static void Halves<TLanes, TVector>()
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        using var source = new AlignedBuffer<ushort>(65536);
        using var target = new AlignedBuffer<float>(16);
        for (var i = 0; i < 65536; i++) source.Pointer[i] = (ushort)i;
        for (var i = 0; i < 65536; i += TLanes.Count)
        {
            TLanes.Store(target.Pointer, TLanes.LoadFloat16(source.Pointer + i));
            for (var lane = 0; lane < TLanes.Count; lane++)
            {
                var expected = (float)BitConverter.UInt16BitsToHalf((ushort)(i + lane));
                Assert.True(Same(expected, target.Pointer[lane]), $"half {i + lane:x4}: {expected} became {target.Pointer[lane]}");
            }

            TLanes.Store(target.Pointer, TLanes.LoadFloat16Scaled(source.Pointer + i));
            for (var lane = 0; lane < TLanes.Count; lane++)
            {
                var half = BitConverter.UInt16BitsToHalf((ushort)(i + lane));
                if (!Half.IsFinite(half)) continue;
                Assert.True(
                    (double)half == target.Pointer[lane] * Math.ScaleB(1, 112), $"half {i + lane:x4}: {(float)half} became {target.Pointer[lane]} · 2^112");
            }
        }
    }

    private static void BFloats<TLanes, TVector>()
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        using var source = new AlignedBuffer<ushort>(65536);
        using var target = new AlignedBuffer<float>(16);
        for (var i = 0; i < 65536; i++) source.Pointer[i] = (ushort)i;
        for (var i = 0; i < 65536; i += TLanes.Count)
        {
            TLanes.Store(target.Pointer, TLanes.LoadBFloat16(source.Pointer + i));
            for (var lane = 0; lane < TLanes.Count; lane++)
            {
                var expected = BitConverter.Int32BitsToSingle((i + lane) << 16);
                Assert.True(Same(expected, target.Pointer[lane]), $"bfloat16 {i + lane:x4}: {expected} became {target.Pointer[lane]}");
            }
        }
    }

    private static void Exponentials<TLanes, TVector>()
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        using var buffer = new AlignedBuffer<float>(16);
        for (var x = -86.8; x < 88.7; x += 0.0117)
        {
            TLanes.Store(buffer.Pointer, Exponential.Exp<TLanes, TVector>(TLanes.Broadcast((float)x)));
            var expected = Math.Exp((float)x);
            var unit = MathF.BitIncrement((float)expected) - (float)expected;
            Assert.True(Math.Abs(buffer.Pointer[0] - expected) <= 2 * unit, $"exp({(float)x}) = {expected}, got {buffer.Pointer[0]}");
        }
    }

    private static void Sums<TLanes, TVector>()
        where TLanes : struct, IVectorLanes<TVector>
        where TVector : struct
    {
        var random = new Random(5);
        using var x = Numbers.Random(random, 4 * TLanes.Count);
        using var sums = new AlignedBuffer<float>(4);
        TVector Row(int r) => TLanes.Load(x.Floats + r * TLanes.Count);

        TLanes.StoreSums(sums.Pointer, Row(0), Row(1), Row(2), Row(3));
        var forward = new Span<float>(sums.Pointer, 4).ToArray();
        TLanes.StoreSums(sums.Pointer, Row(3), Row(2), Row(1), Row(0));
        var backward = new Span<float>(sums.Pointer, 4).ToArray();

        for (var r = 0; r < 4; r++)
        {
            var values = x.Values.Skip(r * TLanes.Count).Take(TLanes.Count).ToArray();
            Assert.Equal(values.Sum(), forward[r], 1e-5);
            Assert.Equal(values.Sum(), TLanes.Sum(Row(r)), 1e-5);
            Assert.Equal(values.Max(), TLanes.MaxAcross(Row(r)), 0.0);
            Assert.Equal(forward[r], backward[3 - r]);
        }
    }

    private static bool Same(float expected, float actual) =>
        float.IsNaN(expected) ? float.IsNaN(actual) : BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(actual);
}
