using CsCheck;
using LST.Core.Baselines;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class MeanPoolingTests
{
    private static readonly Gen<NaiveMean> Options =
        from sinks in Gen.Int[0, 5]
        from recent in Gen.Int[0, 9]
        from window in Gen.Int[0, 6]
        from isFixed in Gen.Bool
        from preRope in Gen.Bool
        from logMass in Gen.Bool
        from middle in Gen.Bool
        select new NaiveMean(sinks, recent, window == 0 ? null : window, isFixed, preRope, logMass, middle);

    [Fact]
    public void Equals_the_steps_written_out_in_double() =>
        Gen.Select(Options, Gen.Int[1, 60], Gen.Int[1, 3], Gen.Int[1, 12], Gen.Int[1, 2], Gen.Int[0, 9999]).Sample((naive, tokens, heads, numerator, denominator, seed) =>
        {
            // A run's length under budget=middle is r itself, which must be whole.
            var ratio = Ratio.Of(Math.Max(numerator, denominator), naive.Middle && naive.FixedWindow ? 1 : denominator);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, 1, tokens, seed);
            var runs = naive.Runs(tokens, ratio);

            using var actual = layer.Compress(naive.Typed, ratio);

            var (keys, values, bias) = (PlainNumbers.Of(actual.Keys), PlainNumbers.Of(actual.Values), actual.Bias is null ? null : PlainNumbers.Of(actual.Bias));
            Assert.Equal(naive.LogMass && runs.Count < tokens, bias is not null);
            for (var h = 0; h < heads; h++)
            {
                Assert.Equal(runs.Select(NaiveMean.Position), RandomLayer.Kept(actual, h));
                for (var i = 0; i < runs.Count; i++)
                {
                    var (row, (key, value)) = (actual.Offsets[h] + i, naive.Merge(layer, h, runs[i]));
                    Assert.Equal(runs[i].Count, actual.Counts?[row] ?? 1);
                    Assert.InRange(PlainNumbers.Distance(key, PlainNumbers.Row(keys, row, 6)), 0, 1e-5);
                    Assert.InRange(PlainNumbers.Distance(value, PlainNumbers.Row(values, row, 6)), 0, 1e-6);
                    if (bias is not null) Assert.Equal(Math.Log(runs[i].Count), bias[row], 1e-6);
                }
            }
        }, iter: 300, threads: 1);

    [Fact]
    public void Means_at_the_end_of_a_long_prompt_are_rounded_once_although_they_come_from_running_sums()
    {
        using var scope = NewDisposeScope();
        // A sink as large as models have them in front: in float32, sums behind it would lose three digits of what follows.
        const int tokens = 100_000, window = 8;
        float[] values = [1000, .. Enumerable.Range(1, tokens - 1).Select(t => 1.5f + MathF.Sin(t))];
        long[] starts = [.. Enumerable.Range(0, (tokens - 1) / window).Select(g => 1L + (g * window))];
        var counts = full(starts.Length, 1, window, float32);

        var means = PlainNumbers.Of(MeanPooling.RunMeans(tensor(values).view(1, tokens, 1), starts, [.. starts.Select(start => start + window)], counts));

        for (var g = 0; g < means.Length; g++)
            Assert.Equal((float)(values.AsSpan((int)starts[g], window).ToArray().Sum(value => (double)value) / window), (float)means[g], 3e-7f);
    }

    [Theory]
    [InlineData(new double[] { 9, 1, 3, 5, 7, 2, 4, 6 }, new double[] { 9, 2, 6, 2, 4, 6 })]
    [InlineData(new double[] { 9, 1, 3, 5, 7, 4, 6 }, new double[] { 9, 2, 6, 4, 6 })]
    public void Means_pairs_between_sinks_and_recents_and_leaves_the_rest(double[] values, double[] expected)
    {
        using var scope = NewDisposeScope();
        var config = Tests.Models.TinyModels.Mha with { Layers = 1, KeyValueHeads = 1, QueryHeads = 1, HeadDim = 2 };
        var rows = tensor(values).to(float32).view(1, -1, 1);
        var context = RandomLayer.Of(config, zeros(1, values.Length, 2), zeros(1, values.Length, 2), cat([rows, zeros_like(rows)], 2));

        using var actual = RandomLayer.Compress(MethodSpec.Parse("mean:sinks=1:recent=2:window=2"), context, Ratio.Of(2));

        Assert.Equal(expected, PlainNumbers.Of(actual.Values.select(1, 0)));
    }

    [Theory, InlineData(2), InlineData(4), InlineData(8)]
    public void Averaging_rotated_keys_shrinks_the_fastest_channel(int window)
    {
        using var scope = NewDisposeScope();
        var config = Tests.Models.TinyModels.Mha with { Layers = 1, KeyValueHeads = 1, QueryHeads = 1, HeadDim = 2 };
        var (cos, sin) = new Core.Models.RotaryEmbedding(config).Tables([.. Enumerable.Range(0, window).Select(t => (long)t)]);
        var keys = Core.Models.RotaryEmbedding.Rotate(tensor(new float[] { 1, 0 }).expand(1, window, 2).contiguous(), cos, sin);
        var context = RandomLayer.Of(config, zeros(1, window, 2), keys, zeros(1, window, 2));

        using var actual = RandomLayer.Compress(MethodSpec.Parse("mean:sinks=0:recent=0"), context, Ratio.Of(window));

        Assert.Equal(Math.Abs(Math.Sin(window / 2.0) / (window * Math.Sin(0.5))), PlainNumbers.Of(actual.Keys.norm(1))[0], 1e-5);
    }

    [Fact]
    public void Keys_that_were_not_captured_before_rotation_are_turned_back()
    {
        using var scope = NewDisposeScope();
        var layer = new RandomLayer(2, 1, 30, 3);

        using var captured = layer.Compress("mean:key-space=pre-rope", Ratio.Of(2));
        using var turnedBack = layer.Compress("mean:key-space=pre-rope", Ratio.Of(2), withPreRopeKeys: false);

        Assert.InRange(PlainNumbers.Distance(captured.Keys, turnedBack.Keys), 0, 1e-5);
    }

    [Fact]
    public void Never_exceeds_the_budget_it_counts_sinks_and_recents_in() =>
        Gen.Select(Gen.Int[1, 400], Gen.Int[1, 40], Gen.Int[1, 3], Gen.Int[0, 6], Gen.Int[0, 12], Gen.Bool).Sample((tokens, numerator, denominator, sinks, recent, isFixed) =>
        {
            var ratio = Ratio.Of(Math.Max(numerator, denominator), denominator);
            using var compressor = MethodSpec.Parse($"mean:sinks={sinks}:recent={recent}:grouping={(isFixed ? "fixed-window" : "balanced")}").Create();

            var planned = compressor.Plan(new PlanContext(tokens, 1, 1, ratio)).Layers[0].SlotsByHead[0];

            var slots = Math.Min(tokens, Math.Max(ratio.Slots(tokens), sinks + recent + 1));
            if (isFixed) Assert.InRange(planned, 1, slots);
            else Assert.Equal(slots, planned);
        }, iter: 500, threads: 1);

}
