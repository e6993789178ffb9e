using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Tests.Attention.Cpu;

public unsafe class ElementConversionTests
{
    [Fact]
    public void Narrows_to_bfloat16_by_rounding_to_the_nearest_and_even_at_ties()
    {
        var random = new Random(4);
        for (var i = 0; i < 20000; i++)
        {
            var value = BitConverter.Int32BitsToSingle(random.Next() | (random.Next(2) << 31));
            var bits = Narrow(value, ElementType.BFloat16);
            if (float.IsNaN(value))
            {
                Assert.True(float.IsNaN(BitConverter.Int32BitsToSingle(bits << 16)));
                continue;
            }

            // The candidates are the value with its lower half cut off, and the next one away from zero.
            int below = BitConverter.SingleToInt32Bits(value) >>> 16, above = below + 1;
            double low = Math.Abs(value - (double)Widened(below)), high = Math.Abs((double)Widened(above) - value);
            if (float.IsInfinity(Widened(above))) high = Math.Abs(Math.CopySign(Math.ScaleB(1, 128), value) - value);
            var expected = low < high || (low == high && below % 2 == 0) ? below : above;
            Assert.Equal(expected, bits);
        }
    }

    [Theory]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(float.NaN)]
    [InlineData(-0f)]
    [InlineData(1e-45f)]
    public void Special_values_survive_in_every_storage(float value)
    {
        var stored = stackalloc ushort[2];
        foreach (var type in WidthData.Types)
        {
            float back;
            ElementConversion.Narrow(&value, stored, type, 1);
            ElementConversion.Widen(stored, type, &back, 1);
            Assert.Equal(type == ElementType.Float32 || float.Abs(value) != 1e-45f ? value : 0f, back);
        }
    }

    private static float Widened(int bits) => BitConverter.Int32BitsToSingle(bits << 16);

    private static int Narrow(float value, ElementType type)
    {
        ushort stored;
        ElementConversion.Narrow(&value, &stored, type, 1);
        return stored;
    }
}
