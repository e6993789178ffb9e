using CsCheck;
using LST.Core.Models.Checkpoints;

namespace LST.Core.Tests.Models.Checkpoints;

public class FloatLanesTests
{
    private static readonly ushort[] AllBits = Enumerable.Range(0, 1 << 16).Select(i => (ushort)i).ToArray();

    [Fact]
    public void Every_half_widens_exactly()
    {
        var values = new float[AllBits.Length];

        FloatLanes.FromHalf(AllBits, values);

        foreach (var bits in AllBits)
        {
            var expected = (float)BitConverter.UInt16BitsToHalf(bits);
            Assert.True(float.IsNaN(expected) ? float.IsNaN(values[bits]) : BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(values[bits]), $"{bits:X4}");
        }
    }

    [Fact]
    public void Every_16_bit_value_survives_widening_and_rounding()
    {
        var (values, back) = (new float[AllBits.Length], new ushort[AllBits.Length]);

        FloatLanes.FromHalf(AllBits, values);
        FloatLanes.ToHalf(values, back);
        Assert.All(AllBits, bits => Assert.True(back[bits] == bits || Half.IsNaN(BitConverter.UInt16BitsToHalf(bits)) && Half.IsNaN(BitConverter.UInt16BitsToHalf(back[bits])), $"{bits:X4}"));

        FloatLanes.FromBFloat16(AllBits, values);
        FloatLanes.ToBFloat16(values, back);
        Assert.All(AllBits, bits => Assert.True(back[bits] == bits || float.IsNaN(values[bits]) && (back[bits] & 0x7FFF) > 0x7F80, $"{bits:X4}"));
    }

    [Fact]
    public void Rounding_is_to_the_nearest_with_ties_to_even()
    {
        Gen.UInt.Array[1, 40].Sample(bits =>
        {
            var values = bits.Select(BitConverter.UInt32BitsToSingle).ToArray();
            var (half, brain) = (new ushort[values.Length], new ushort[values.Length]);

            FloatLanes.ToHalf(values, half);
            FloatLanes.ToBFloat16(values, brain);

            for (var i = 0; i < values.Length; i++)
            {
                if (float.IsNaN(values[i])) continue;
                Assert.Equal(BitConverter.HalfToUInt16Bits((Half)values[i]), half[i]);
                Assert.Equal(NearestBFloat16(bits[i]), brain[i]);
            }
        }, iter: 20_000);
    }

    [Theory]
    [InlineData(65519.996f, 0x7BFF)]
    [InlineData(65520f, 0x7C00)]
    [InlineData(float.MaxValue, 0x7C00)]
    [InlineData(float.NegativeInfinity, 0xFC00)]
    [InlineData(5.9604645e-08f, 0x0001)]
    [InlineData(2.9802322e-08f, 0x0000)]
    [InlineData(2.9802326e-08f, 0x0001)]
    [InlineData(-0.0f, 0x8000)]
    public void The_edges_of_half_precision_are_rounded_right(float value, int expected)
    {
        var target = new ushort[1];

        FloatLanes.ToHalf([value], target);

        Assert.Equal(expected, target[0]);
    }

    // The naive way: of the two neighbours take the nearer in double, on a tie the even one.
    private static ushort NearestBFloat16(uint bits)
    {
        var (down, up) = (bits >> 16, (bits >> 16) + 1);
        static double Value(uint high) => (high & 0x7FFF) == 0x7F80 ? Math.CopySign(Math.Pow(2, 128), (short)high) : BitConverter.UInt32BitsToSingle(high << 16);
        double value = BitConverter.UInt32BitsToSingle(bits);
        if (double.IsInfinity(value)) return (ushort)down;
        var (below, above) = (Math.Abs(value - Value(down)), Math.Abs(value - Value(up)));
        return (ushort)(below < above || (below == above && down % 2 == 0) ? down : up);
    }
}
