using System.Runtime.Intrinsics;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Tests.Attention.Cpu;

public unsafe class LogitsTests
{
    [Theory]
    [MemberData(nameof(WidthData.All), MemberType = typeof(WidthData))]
    public void Arg_max_is_the_first_largest_value(int width)
    {
        var random = new Random(width);
        for (var round = 0; round < 100; round++)
        {
            var length = random.Next(1, 1500);
            using var x = Numbers.Random(random, length);
            for (var i = 0; i < length; i++) x.Floats[i] = MathF.Round(x.Floats[i]);
            var values = x.Read();

            Assert.Equal(Array.IndexOf(values, values.Max()), ArgMax((VectorWidth)width, x.Floats, length));
        }
    }

    [Theory]
    [MemberData(nameof(WidthData.All), MemberType = typeof(WidthData))]
    public void Arg_max_copes_with_infinities_and_finds_the_first_not_a_number(int width)
    {
        using var x = Numbers.Random(new Random(3), 1100);
        Fill(float.NegativeInfinity);
        Assert.Equal(0, ArgMax((VectorWidth)width, x.Floats, 1100));
        Fill(1f);
        x.Floats[700] = float.PositiveInfinity;
        Assert.Equal(700, ArgMax((VectorWidth)width, x.Floats, 1100));
        x.Floats[900] = x.Floats[1000] = float.NaN;
        Assert.Equal(900, ArgMax((VectorWidth)width, x.Floats, 1100));
        Assert.Equal(-1, ArgMax((VectorWidth)width, x.Floats, 0));
        return;

        void Fill(float value) => new Span<float>(x.Floats, 1100).Fill(value);
    }

    [Theory]
    [MemberData(nameof(WidthData.All), MemberType = typeof(WidthData))]
    public void Log_sum_exp_and_softmax_agree_with_doubles(int width)
    {
        var random = new Random(width);
        for (var round = 0; round < 40; round++)
        {
            var length = round == 0 ? 20000 : random.Next(1, 700);
            using var x = Numbers.Random(random, length, 5);
            var max = x.Values.Max();
            var sum = x.Values.Sum(v => Math.Exp(v - max));

            Assert.Equal(max + Math.Log(sum), LogSumExp((VectorWidth)width, x.Floats, length), 4e-6 * (1 + Math.Abs(max)));
            Softmax((VectorWidth)width, x.Floats, length);
            var result = x.Read();
            for (var i = 0; i < length; i++)
            {
                // x − max is rounded to float32 before exp, and blocks of the sum are float32.
                var expected = Math.Exp(x[i] - max) / sum;
                Assert.Equal(expected, result[i], (4e-6 + 1e-7 * (max - x[i])) * expected + 1e-37);
            }
        }
    }

    [Theory]
    [MemberData(nameof(WidthData.All), MemberType = typeof(WidthData))]
    public void Rows_without_any_weight_have_defined_results(int width)
    {
        using var x = Numbers.Of(Enumerable.Repeat(double.NegativeInfinity, 21).ToArray());
        Assert.Equal(double.NegativeInfinity, LogSumExp((VectorWidth)width, x.Floats, 21));
        Assert.Equal(double.NegativeInfinity, LogSumExp((VectorWidth)width, x.Floats, 0));
        Softmax((VectorWidth)width, x.Floats, 21);
        Assert.All(x.Read(), value => Assert.Equal(0f, value));

        using var one = Numbers.Of(double.NegativeInfinity, 3, double.NegativeInfinity);
        Softmax((VectorWidth)width, one.Floats, 3);
        Assert.Equal([0f, 1f, 0f], one.Read());
    }

    private static int ArgMax(VectorWidth width, float* x, int length) => width switch
    {
        VectorWidth.Sixteen => Logits.ArgMax<Lanes512, Vector512<float>>(x, length),
        VectorWidth.Eight => Logits.ArgMax<Lanes256, Vector256<float>>(x, length),
        VectorWidth.Four => Logits.ArgMax<Lanes128, Vector128<float>>(x, length),
        _ => Logits.ArgMax<LanesScalar, float>(x, length),
    };

    private static double LogSumExp(VectorWidth width, float* x, int length) => width switch
    {
        VectorWidth.Sixteen => Logits.LogSumExp<Lanes512, Vector512<float>>(x, length),
        VectorWidth.Eight => Logits.LogSumExp<Lanes256, Vector256<float>>(x, length),
        VectorWidth.Four => Logits.LogSumExp<Lanes128, Vector128<float>>(x, length),
        _ => Logits.LogSumExp<LanesScalar, float>(x, length),
    };

    private static void Softmax(VectorWidth width, float* x, int length)
    {
        switch (width)
        {
            case VectorWidth.Sixteen: Logits.Softmax<Lanes512, Vector512<float>>(x, length); break;
            case VectorWidth.Eight: Logits.Softmax<Lanes256, Vector256<float>>(x, length); break;
            case VectorWidth.Four: Logits.Softmax<Lanes128, Vector128<float>>(x, length); break;
            default: Logits.Softmax<LanesScalar, float>(x, length); break;
        }
    }
}
