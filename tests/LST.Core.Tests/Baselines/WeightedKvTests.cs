using CsCheck;
using LST.Core.Baselines;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class WeightedKvTests
{
    [Fact]
    public void Equals_the_steps_written_out_in_double() =>
        Gen.Select(Gen.Bool, Gen.Int[0, 5], Gen.Int[0, 9], Gen.Int[1, 50], Gen.Int[1, 2], Gen.Int[1, 3], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((isSequential, sinks, ownRecent, tokens, heads, group, numerator, seed) =>
        {
            var ratio = Ratio.Of(numerator, 2);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed, slidingWindow: seed % 3 == 0 ? 13 : null);
            var asked = Math.Max(1, NaiveMean.Floor(tokens, ratio));
            var recent = Math.Max(1, ownRecent > 5 ? (asked / 2) - sinks : ownRecent);
            var slots = Math.Min(tokens, Math.Max(asked, sinks + recent + 1));
            var averages = NaiveScores.Reduce([.. NaiveScores.Attention(layer.Queries, layer.Keys, layer.Config.SlidingWindow).Select(rows =>
                (double[])[.. Enumerable.Range(0, tokens).Select(j => rows.Sum(row => row[j]) / Math.Min(tokens - j, layer.Config.SlidingWindow ?? tokens))])], heads, "mean");

            using var actual = layer.Compress($"weightedkv:mode={(isSequential ? "sequential" : "segment-mean")}:sinks={sinks}" + (ownRecent > 5 ? "" : $":recent={ownRecent}"), ratio);

            var held = PlainNumbers.Of(actual.Values);
            for (var h = 0; h < heads; h++)
            {
                if (NaiveMergers.AreClose(averages[h].Select(average => Math.Log(average)), 1e-5)) continue;
                var expected = NaiveMergers.Folded(layer.Values[h], averages[h], sinks, recent, slots, isSequential);
                Assert.Equal(expected.Select(slot => slot.Token), RandomLayer.Kept(actual, h));
                for (var i = 0; i < expected.Count; i++)
                {
                    Assert.Equal(expected[i].Token - (i == 0 ? -1 : expected[i - 1].Token), actual.Counts?[actual.Offsets[h] + i] ?? 1);
                    Assert.InRange(PlainNumbers.Distance(expected[i].Value, PlainNumbers.Row(held, actual.Offsets[h] + i, 6)), 0, 2e-5);
                }
            }
        }, iter: 300, threads: 1);

    [Fact]
    public void An_eviction_folds_by_average_attention()
    {
        float[] target = [12];

        ValueFolding.Fold(target, [6], 0.5f, 0.1f);

        Assert.Equal(11, target[0], 1e-6);
    }

    [Fact]
    public void Without_any_attention_the_neighbour_stays()
    {
        float[] values = [3, 5], means = [3, 5];

        ValueFolding.Sequential(values, 1, [0, 0], [1]);
        ValueFolding.SegmentMeans(means, 1, [0, 0], [1]);

        Assert.Equal((5, 5), (values[1], means[1]));
    }

    [Fact]
    public void Of_equal_averages_the_later_token_goes_first()
    {
        float[] values = [0, 8, 4, 2];

        ValueFolding.Sequential(values, 1, [.9f, .2f, .2f, .2f], [0, 3]);

        // 4 into 2 gives 3, then 8 into 3; the other way round it would be 4.
        Assert.Equal(5.5, values[3], 1e-6);
    }
}
