using CsCheck;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class SnapKvTests
{
    private static readonly Gen<(int Observe, int Kernel, string Pooling, string Group, bool PoolFirst)> Options =
        from observe in Gen.Int[1, 20]
        from halfKernel in Gen.Int[0, 4]
        from pooling in Choices.Of("max", "avg", "none")
        from reduction in Choices.Of("mean", "max", "sum")
        from poolFirst in Gen.Bool
        select (observe, (2 * halfKernel) + 1, pooling, reduction, poolFirst);

    [Fact]
    public void Equals_the_steps_written_out_in_double() =>
        Gen.Select(Options, Gen.Int[1, 50], Gen.Int[1, 2], Gen.Int[1, 3], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((options, tokens, heads, group, numerator, seed) =>
        {
            var ratio = Ratio.Of(numerator, 2);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed);
            var slots = Math.Min(tokens, Math.Max(1, NaiveMean.Floor(tokens, ratio)));
            var observe = slots <= options.Observe ? Math.Max(1, slots / 2) : options.Observe;
            var spec = MethodSpec.Parse($"snapkv:observe={options.Observe}:kernel={options.Kernel}:pooling={options.Pooling}:group={options.Group}:group-order={(options.PoolFirst ? "pool-first" : "mean-first")}");

            using var actual = layer.Compress(spec.Typed, ratio);

            for (var h = 0; h < heads; h++)
            {
                if (slots == tokens)
                {
                    Assert.Equal(Enumerable.Range(0, tokens), RandomLayer.Kept(actual, h));
                    continue;
                }
                var scores = NaiveVotes.Scores(layer, observe, options.Kernel, options.Pooling, options.Group, options.PoolFirst)[h];
                var (winners, gap) = NaiveScores.Top(scores, Enumerable.Range(0, tokens - observe), slots - observe);
                if (NaiveScores.IsOpen(gap)) continue;
                Assert.Equal([.. winners, .. Enumerable.Range(tokens - observe, observe)], RandomLayer.Kept(actual, h));
            }
        }, iter: 250, threads: 1);

    [Theory]
    [InlineData("avg", new[] { .3333, .35, .15, .11667 }, new[] { 0, 1, 4, 5 })]
    [InlineData("max", new[] { .9, .9, .3, .3 }, new[] { 0, 1, 4, 5 })]
    [InlineData("none", new[] { .9, .1, .05, .3 }, new[] { 0, 3, 4, 5 })]
    public void Six_tokens_and_votes_of_two_rows(string pooling, double[] pooled, int[] expected)
    {
        using var scope = NewDisposeScope();
        double[] any = [1, 1, 1, 1, 1, 1];
        var context = AttentionRows.Context(any, any, any, any, [.45, .05, .025, .15, .325, 0], [.45, .05, .025, .15, .2, .125]);
        var spec = MethodSpec.Parse($"snapkv:observe=2:kernel=3:pooling={pooling}");
        using var compressor = (Core.Baselines.SnapKv)spec.Create();

        using var actual = RandomLayer.Compress(spec, context, Ratio.Of(3, 2));

        Assert.Equal(expected, RandomLayer.Kept(actual, 0));
        Assert.InRange(PlainNumbers.Distance(pooled, PlainNumbers.Of(compressor.Scores(context, new LayerBudget(Ratio.Of(3, 2), 4, [4])))), 0, 1e-4);
    }

    [Fact]
    public void A_window_that_would_fill_the_budget_shrinks_to_half_of_it()
    {
        using var compressor = (Core.Baselines.SnapKv)MethodSpec.Parse("snapkv").Create();

        Assert.Equal([32, 16, 15, 1, 1], new[] { 33, 32, 31, 2, 1 }.Select(n => compressor.Observe(new LayerBudget(Ratio.Of(2), n, [n]))));
    }

    [Theory, InlineData("4"), InlineData("0")]
    public void Refuses_an_even_kernel(string kernel) =>
        Assert.Contains("must be odd", Assert.Throws<UsageException>(() => MethodSpec.Parse($"snapkv:kernel={kernel}").Create()).Message);
}
