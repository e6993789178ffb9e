using CsCheck;
using LST.Core.Baselines;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class CacheMergingTests
{
    private static readonly Gen<(bool HeavyHitters, int Targets, bool ByMax, bool Drawn, int? Sinks, int? Recent)> Options =
        from heavyHitters in Gen.Bool
        from targets in Gen.Int[0, 20]
        from byMax in Gen.Bool
        from drawn in Gen.Bool
        from sinks in Gen.Int[0, 6]
        from recent in Gen.Int[0, 9]
        select (heavyHitters, targets, byMax, drawn, sinks == 6 ? (int?)null : sinks, !heavyHitters || recent > 5 ? (int?)null : recent);

    [Fact]
    public void Equals_the_steps_written_out_in_double() =>
        Gen.Select(Options, Gen.Int[1, 50], Gen.Int[1, 2], Gen.Int[1, 3], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((options, tokens, heads, group, numerator, seed) =>
        {
            var ratio = Ratio.Of(numerator, 2);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed);
            var asked = Math.Max(1, NaiveMean.Floor(tokens, ratio));
            var sinks = options.Sinks ?? (options.HeavyHitters ? 0 : 4);
            var recent = options.Recent ?? (options.HeavyHitters ? asked / 2 : Math.Max(1, asked - sinks));
            var slots = Math.Min(tokens, Math.Max(asked, options.HeavyHitters ? sinks + recent + 1 : sinks + Math.Max(1, recent)));
            var sums = NaiveScores.Reduce([.. NaiveScores.Attention(layer.Queries, layer.Keys).Select(rows => (double[])[.. Enumerable.Range(0, tokens).Select(j => rows.Sum(row => row[j]))])], heads, "mean");
            static double Draw(int head, int token) => ((token * 37) + (head * 11)) % 101 / 101.0;
            using var compressor = (CacheMerging)MethodSpec.Parse($"cam:base={(options.HeavyHitters ? "h2o" : "streaming")}:targets={options.Targets}:denominator={(options.ByMax ? "max" : "mean")}"
                + $":sampling={(options.Drawn ? "bernoulli" : "expectation")}" + (options.Sinks is { } s ? $":sinks={s}" : "") + (options.Recent is { } r ? $":recent={r}" : "")).Create();
            compressor.Uniform = (_, head, token) => (float)Draw(head, token);

            using var actual = layer.Compress(compressor, ratio);

            var held = PlainNumbers.Of(actual.Values);
            for (var h = 0; h < heads; h++)
            {
                var end = options.HeavyHitters ? recent : slots - sinks;
                var (heavy, open) = slots == tokens ? ([], 1) : NaiveScores.Top(sums[h], Enumerable.Range(sinks, tokens - end - sinks), slots - end - sinks);
                int[] kept = slots == tokens ? [.. Enumerable.Range(0, tokens)] : [.. Enumerable.Range(0, sinks), .. heavy, .. Enumerable.Range(tokens - end, end)];
                var (values, gap) = NaiveMergers.Added(layer.Values[h], sums[h], kept, !options.HeavyHitters, options.Targets, options.ByMax, options.Drawn ? e => Draw(h, e) : null);
                if (NaiveScores.IsOpen(open) || gap < 1e-5) continue;
                Assert.Equal(kept, RandomLayer.Kept(actual, h));
                for (var i = 0; i < kept.Length; i++)
                    Assert.InRange(PlainNumbers.Distance(values[kept[i]], PlainNumbers.Row(held, actual.Offsets[h] + i, 6)), 0, 2e-5 * (1 + values[kept[i]].Max(Math.Abs)));
            }
        }, iter: 300, threads: 1);

    [Fact]
    public void Recents_that_the_streaming_base_would_not_keep_are_refused()
    {
        using var given = MethodSpec.Parse("cam:recent=8").Create();
        using var own = MethodSpec.Parse("cam:recent=n-4").Create();
        var context = new PlanContext(100, 2, 2, Ratio.Of(2));

        Assert.Contains("the last n - sinks tokens stay, 46 of n = 50", Assert.Throws<UsageException>(() => given.Plan(context)).Message);
        Assert.Equal(50, own.Plan(context).SlotsPerHead);
    }

    [Theory]
    [InlineData(1f, new[] { 10, 9.5, 10.5 })]
    [InlineData(0f, new[] { 10, 8.0, 10.0 })]
    [InlineData(0.6f, new[] { 10, 8.9, 10.3 })]
    public void Contributions_cascade_through_tokens_that_are_evicted_later(float firstGate, double[] expected)
    {
        float[] values = [10, 2, 4, 6, 8];

        ValueAddition.Add(values, 1, [1, 2], [0, 1, 2, 3, 4], 2, [firstGate, 1]);

        Assert.InRange(PlainNumbers.Distance(expected, [values[0], values[3], values[4]]), 0, 1e-6);
    }

    [Theory]
    [InlineData(0f, 0f, 0f)]
    [InlineData(2f, 0f, 1f)]
    [InlineData(1f, 4f, 0.25f)]
    [InlineData(5f, 4f, 1f)]
    public void A_probability_is_a_ratio_between_nothing_and_one(float own, float receiver, float expected)
    {
        var probability = new float[1];

        ValueAddition.Probabilities([own, receiver], [0], [1], 16, false, probability);

        Assert.Equal(expected, probability[0]);
    }

    [Fact]
    public void A_draw_follows_from_seed_layer_head_and_token()
    {
        static CacheMerging Of(int seed) => (CacheMerging)MethodSpec.Parse($"cam:seed={seed}").Create();
        var draws = new[] { Of(1).Uniform(0, 0, 5), Of(2).Uniform(0, 0, 5), Of(1).Uniform(1, 0, 5), Of(1).Uniform(0, 1, 5), Of(1).Uniform(0, 0, 6) };

        Assert.Equal(draws.Length, draws.Distinct().Count());
        Assert.Equal(draws[0], Of(1).Uniform(0, 0, 5));
        Assert.All(Enumerable.Range(0, 1000), token => Assert.InRange(Of(7).Uniform(3, 1, token), 0, 0.9999999f));
        Assert.Equal(0.5, Enumerable.Range(0, 10_000).Average(token => Of(7).Uniform(3, 1, token)), 0.01);
    }
}
