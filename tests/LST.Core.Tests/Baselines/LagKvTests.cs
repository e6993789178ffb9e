using CsCheck;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class LagKvTests
{
    [Fact]
    public void Equals_the_steps_written_out_in_double() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[2, 12], Gen.Int[1, 60], Gen.Int[1, 3], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((sinks, lag, tokens, heads, halves, seed) =>
        {
            var ratio = Ratio.Of(halves, 2);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, 1, tokens, seed);
            var slots = Math.Min(tokens, Math.Max(Math.Max(1, NaiveMean.Floor(tokens, ratio)), ratio == Ratio.One ? 1 : sinks + 1));

            using var actual = layer.Compress($"lagkv:sinks={sinks}:lag={lag}", ratio);

            for (var h = 0; h < heads; h++)
            {
                if (slots == tokens)
                {
                    Assert.Equal(Enumerable.Range(0, tokens), RandomLayer.Kept(actual, h));
                    continue;
                }
                var (scores, isOpen) = Scores(layer, h, sinks, lag);
                if (isOpen) continue;
                var (kept, _) = NaiveScores.Top(scores, Enumerable.Range(sinks, tokens - sinks), slots - sinks);
                Assert.Equal([.. Enumerable.Range(0, sinks), .. kept], RandomLayer.Kept(actual, h));
            }
        }, iter: 300, threads: 1);

    [Fact]
    public void Equal_tokens_of_a_lag_go_to_the_lower_index_and_a_channel_without_range_says_nothing()
    {
        using var scope = NewDisposeScope();
        // Lags {0, 1, 2}, {3, 4, 5}: the first token stands out, the others are equal; the third channel is constant in the second lag.
        var rows = tensor(new float[] { 9, 0, 5, 1, 1, 7, 1, 1, 7, 0, 0, 2, 1, 1, 2, 2, 2, 2 }, 1, 6, 3);
        var config = Models.TinyModels.Mha with { Layers = 1, KeyValueHeads = 1, QueryHeads = 1, HeadDim = 3 };
        var context = new LayerContext { Layer = 0, Config = config, Rotary = new Core.Models.RotaryEmbedding(Models.TinyModels.Mha), Keys = rows, Values = rows };
        using var compressor = (IScoringCompressor)MethodSpec.Parse("lagkv:sinks=0:lag=3").Create();

        var scores = PlainNumbers.Of(compressor.Scores(context, new LayerBudget(Ratio.Of(2), 3, [3])));

        Assert.InRange(PlainNumbers.Distance([2 / 3.0, 1 / 3.0, 0, 1, 1, 1], scores), 0, 1e-6);
    }

    [Theory]
    [InlineData("lagkv", 40, 2)]                    // Less than two lags.
    [InlineData("lagkv:lag=16", 84, 8)]             // The last lag does not fit.
    public void A_budget_that_the_last_lag_fills_keeps_sinks_and_the_newest(string method, int tokens, int ratio)
    {
        using var scope = NewDisposeScope();

        using var actual = new RandomLayer(1, 1, tokens, 3).Compress(method, Ratio.Of(ratio));

        Assert.Equal([0, 1, 2, 3, .. Enumerable.Range(tokens - ((tokens / ratio) - 4), (tokens / ratio) - 4)], RandomLayer.Kept(actual, 0));
    }

    [Fact]
    public void Refuses_a_lag_of_one_token() => Assert.Contains("at least 2", Assert.Throws<UsageException>(() => MethodSpec.Parse("lagkv:lag=1").Create()).Message);

    // Ranks below 1; the last whole lag and what follows above, the newest first. Open: two tokens of a lag are too close to tell apart in float32.
    private static (double[] Scores, bool IsOpen) Scores(RandomLayer layer, int head, int sinks, int lag)
    {
        var scores = Enumerable.Range(0, layer.Tokens).Select(j => 1 + (1e-3 * j)).ToArray();
        var isOpen = false;
        for (var start = sinks; start + (2 * lag) <= layer.Tokens; start += lag)
        {
            var salience = Salience(layer.Keys[head], start, lag).Zip(Salience(layer.Values[head], start, lag), (a, b) => (a + b) / 2).ToArray();
            var ranked = Enumerable.Range(0, lag).OrderBy(i => salience[i]).ThenByDescending(i => i).ToArray();
            for (var rank = 0; rank < lag; rank++)
            {
                scores[start + ranked[rank]] = (double)rank / lag;
                isOpen |= rank > 0 && salience[ranked[rank]] - salience[ranked[rank - 1]] < 1e-6;
            }
        }
        return (scores, isOpen);
    }

    private static double[] Salience(double[][] rows, int start, int lag)
    {
        var (own, next) = (rows[start..(start + lag)], rows[(start + lag)..(start + (2 * lag))]);
        var spreads = own.Select(row =>
        {
            var scaled = row.Select((x, d) => (x - next.Min(r => r[d])) / (next.Max(r => r[d]) - next.Min(r => r[d]))).ToArray();
            return Math.Sqrt(scaled.Sum(x => Math.Pow(x - scaled.Average(), 2)) / (scaled.Length - 1));
        }).ToArray();
        // Shifted: the range of two tokens can be tiny, and the spread then huge.
        var weights = spreads.Select(spread => Math.Exp(spread - spreads.Max())).ToArray();
        return [.. weights.Select(weight => weight / weights.Sum())];
    }
}
