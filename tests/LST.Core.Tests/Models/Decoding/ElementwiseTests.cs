using System.Runtime.Intrinsics;
using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models.Decoding;
using LST.Core.Tests.Attention.Cpu;

namespace LST.Core.Tests.Models.Decoding;

/// <summary>Norm, rotation and activation.</summary>
public unsafe class ElementwiseTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(576)]
    [InlineData(4099)]
    public void Rms_norm_agrees_with_doubles(int width)
    {
        var random = new Random(width);
        using var x = Numbers.Random(random, 3 * width, 4);
        using var delta = Numbers.Random(random, 3 * width);
        using var weight = Numbers.Random(random, width);
        using var y = Numbers.Zeros(3 * width);

        RmsNorm.Apply(x.Floats, weight.Floats, 1e-5f, y.Floats, 3, width);
        AssertNorm(x.Values, y.Read());
        RmsNorm.AddAndApply(x.Floats, delta.Floats, weight.Floats, 1e-5f, y.Floats, 3, width);
        AssertNorm([.. x.Values.Zip(delta.Values, (a, b) => (double)(float)(a + b))], y.Read());
        Assert.Equal(x.Values.Zip(delta.Values, (a, b) => (float)a + (float)b), x.Read());
        return;

        void AssertNorm(double[] input, float[] result)
        {
            for (var r = 0; r < 3; r++)
            {
                var row = input[(r * width)..((r + 1) * width)];
                var root = Math.Sqrt(row.Average(v => v * v) + 1e-5);
                for (var i = 0; i < width; i++) Assert.Equal(row[i] / root * weight[i], result[r * width + i], 1e-6 * (1 + Math.Abs(row[i] / root * weight[i])));
            }
        }
    }

    [Fact]
    public void Rms_norm_of_zeros_is_zeros_and_works_in_place()
    {
        using var x = Numbers.Zeros(40);
        using var weight = Numbers.Random(new Random(1), 40);

        RmsNorm.Apply(x.Floats, weight.Floats, 1e-6f, x.Floats, 1, 40);

        Assert.All(x.Read(), value => Assert.Equal(0f, value));
    }

    [Theory]
    [MemberData(nameof(WidthData.All), MemberType = typeof(WidthData))]
    public void Rms_norm_agrees_in_every_vector_width(int width)
    {
        using var x = Numbers.Random(new Random(1), 101);
        using var weight = Numbers.Random(new Random(2), 101);
        using var y = Numbers.Zeros(101);
        switch ((VectorWidth)width)
        {
            case VectorWidth.Sixteen: RmsNorm.Row<Lanes512, Vector512<float>>(x.Floats, null, weight.Floats, 1e-5f, y.Floats, 101); break;
            case VectorWidth.Eight: RmsNorm.Row<Lanes256, Vector256<float>>(x.Floats, null, weight.Floats, 1e-5f, y.Floats, 101); break;
            case VectorWidth.Four: RmsNorm.Row<Lanes128, Vector128<float>>(x.Floats, null, weight.Floats, 1e-5f, y.Floats, 101); break;
            default: RmsNorm.Row<LanesScalar, float>(x.Floats, null, weight.Floats, 1e-5f, y.Floats, 101); break;
        }

        var root = Math.Sqrt(x.Values.Average(v => v * v) + 1e-5);
        var result = y.Read();
        for (var i = 0; i < 101; i++) Assert.Equal(x[i] / root * weight[i], result[i], 2e-6);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(72)]
    public void Rotary_embedding_turns_the_pairs_of_both_halves(int headDim)
    {
        var random = new Random(headDim);
        var half = headDim / 2;
        using var rows = Numbers.Random(random, 3 * headDim);
        var angles = Enumerable.Range(0, half).Select(i => 17 * Math.Pow(10000, -2.0 * i / headDim)).ToArray();
        using var cos = Numbers.Of([.. angles.Select(Math.Cos)]);
        using var sin = Numbers.Of([.. angles.Select(Math.Sin)]);

        HeadRotation.Apply(rows.Floats, 3, headDim, cos.Floats, sin.Floats);

        var result = rows.Read();
        for (var h = 0; h < 3; h++)
            for (var i = 0; i < half; i++)
            {
                double a = rows[h * headDim + i], b = rows[h * headDim + i + half];
                Assert.Equal(a * cos[i] - b * sin[i], result[h * headDim + i], 1e-6);
                Assert.Equal(b * cos[i] + a * sin[i], result[h * headDim + i + half], 1e-6);
            }
    }

    [Fact]
    public void Rotary_embedding_of_an_odd_half_uses_the_same_formula_in_every_vector_width()
    {
        using var cos = Numbers.Random(new Random(1), 27);
        using var sin = Numbers.Random(new Random(2), 27);
        var results = new List<float[]>();
        foreach (var width in WidthData.Widths)
        {
            using var rows = Numbers.Random(new Random(3), 2 * 54);
            switch (width)
            {
                case VectorWidth.Sixteen: HeadRotation.Apply<Lanes512, Vector512<float>>(rows.Floats, 2, 54, cos.Floats, sin.Floats); break;
                case VectorWidth.Eight: HeadRotation.Apply<Lanes256, Vector256<float>>(rows.Floats, 2, 54, cos.Floats, sin.Floats); break;
                case VectorWidth.Four: HeadRotation.Apply<Lanes128, Vector128<float>>(rows.Floats, 2, 54, cos.Floats, sin.Floats); break;
                default: HeadRotation.Apply<LanesScalar, float>(rows.Floats, 2, 54, cos.Floats, sin.Floats); break;
            }

            results.Add(rows.Read());
        }

        Assert.All(results, result => Assert.Equal(results[0], result));
    }

    [Theory]
    [MemberData(nameof(WidthData.All), MemberType = typeof(WidthData))]
    public void Swi_glu_agrees_with_doubles(int width)
    {
        using var gate = Numbers.Random(new Random(1), 103, 10);
        using var up = Numbers.Random(new Random(2), 103, 3);
        using var y = Numbers.Zeros(103);
        gate.Floats[0] = 100;
        gate.Floats[1] = -100;
        gate.Floats[2] = 0;
        var gates = gate.Read();
        switch ((VectorWidth)width)
        {
            case VectorWidth.Sixteen: SwiGlu.Apply<Lanes512, Vector512<float>>(gate.Floats, up.Floats, y.Floats, 103); break;
            case VectorWidth.Eight: SwiGlu.Apply<Lanes256, Vector256<float>>(gate.Floats, up.Floats, y.Floats, 103); break;
            case VectorWidth.Four: SwiGlu.Apply<Lanes128, Vector128<float>>(gate.Floats, up.Floats, y.Floats, 103); break;
            default: SwiGlu.Apply<LanesScalar, float>(gate.Floats, up.Floats, y.Floats, 103); break;
        }

        var result = y.Read();
        for (var i = 0; i < 103; i++)
        {
            var expected = gates[i] / (1 + Math.Exp(-gates[i])) * up[i];
            Assert.Equal(expected, result[i], 1e-6 * Math.Abs(expected) + 1e-37);
        }

        gate.Floats[0] = float.NaN;
        SwiGlu.Apply(gate.Floats, up.Floats, y.Floats, 103);
        Assert.True(float.IsNaN(y.Read()[0]));
    }
}
