using CsCheck;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

/// <summary>Methods that look at keys alone.</summary>
public class KeyScoreTests
{
    [Theory]
    [InlineData("knorm")]
    [InlineData("keydiff")]
    public void Equals_the_steps_written_out_in_double(string method) =>
        Gen.Select(Gen.Int[1, 50], Gen.Int[1, 3], Gen.Int[1, 2], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((tokens, heads, group, numerator, seed) =>
        {
            var ratio = Ratio.Of(numerator, 2);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed);
            var slots = Math.Min(tokens, Math.Max(1, NaiveMean.Floor(tokens, ratio)));

            using var actual = layer.Compress(method, ratio);

            for (var h = 0; h < heads; h++)
            {
                var (kept, gap) = NaiveScores.Top(method == "knorm" ? Norms(layer.Keys[h]) : Differences(layer.Keys[h]), Enumerable.Range(0, tokens), slots);
                if (Math.Abs(gap) < 1e-4) continue;    // Of two keys both are equally far from their mean direction.
                Assert.Equal(kept, RandomLayer.Kept(actual, h));
            }
        }, iter: 250, threads: 1);

    [Fact]
    public void Of_the_norms_one_five_and_two_the_first_and_the_last_stay()
    {
        using var scope = NewDisposeScope();
        var config = Models.TinyModels.Mha with { Layers = 1, KeyValueHeads = 1, QueryHeads = 1, HeadDim = 2 };
        var context = RandomLayer.Of(config, zeros(1, 3, 2), tensor(new[] { 1f, 0, 3, 4, 0, 2 }, 1, 3, 2), ones(1, 3, 2));

        using var actual = RandomLayer.Compress(MethodSpec.Parse("knorm"), context, Ratio.Of(3, 2));

        Assert.Equal([0, 2], RandomLayer.Kept(actual, 0));
    }

    private static double[] Norms(double[][] keys) => [.. keys.Select(key => -Norm(key))];

    // −cos of each key and the mean of all directions.
    private static double[] Differences(double[][] keys)
    {
        double[] anchor = [.. Enumerable.Range(0, keys[0].Length).Select(d => keys.Average(key => key[d] / Norm(key)))];
        return [.. keys.Select(key => -PlainNumbers.Dot(key, anchor) / (Norm(key) * Norm(anchor)))];
    }

    private static double Norm(double[] vector) => Math.Sqrt(PlainNumbers.Dot(vector, vector));
}
