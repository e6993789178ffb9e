using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Compression.Online;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar.Online;

/// <summary>Super-tokens made while tokens arrive are those that the network makes of the same windows of raw keys and values in one shot.</summary>
public class SidecarOnlineTests
{
    private const int Tokens = 75;

    public static TheoryData<string, string, int> Cases => [.. from preset in new[] { "lst", "lst-large", "paper" }
        from ratio in new[] { "2", "3/2", "5" } from portion in new[] { 1, 7, 16 } select (preset, ratio, portion)];

    [Theory, MemberData(nameof(Cases))]
    public void Given_rows_become_the_same_in_any_portions(string preset, string ratio, int portion)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = RandomSidecar.Of(model.Config, preset, ratio);

        Same(model, sidecar, ratio, portion, 1e-5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    public void Several_super_tokens_a_window_and_few_recents_are_no_exception(int portion)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Mha);
        using var sidecar = RandomSidecar.Of(model.Config, "lst", "3", config => config with { SuperTokens = 2, LongestWindow = 6, Neighbours = 3, Sinks = "1", Recent = "0" });

        Same(model, sidecar, "3", portion, 1e-5);
    }

    [Fact]
    public void In_bfloat16_they_are_the_same_but_for_rounding()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa, bfloat16);
        using var sidecar = RandomSidecar.Of(model.Config, "lst", "2");

        Same(model, sidecar, "2", 1, 0.02);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    public void Keys_and_values_of_the_model_over_its_own_compressed_cache_are_pooled_as_recorded(int portion)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = RandomSidecar.Of(model.Config, "lst", "3");
        using var compressor = SuperTokenCompressor.Around(sidecar);
        using var online = OnlineCompression.Empty(model, compressor, Ratio.Of(3), segmentTokens: portion);
        var ids = TinyModels.Prompt(Tokens, 3);
        var recorded = model.Config.Layers.Times(() => (Keys: new List<Tensor>(), Values: new List<Tensor>()));
        for (var done = 0; done < Tokens; done += portion)
        {
            var part = ids.AsSpan(done, Math.Min(portion, Tokens - done));
            model.Run(TinyModels.Row(part), online.Cache, new SegmentOptions
            {
                OnLayer = capture =>
                {
                    recorded[capture.Layer].Keys.Add(capture.Keys[0].clone().MoveToOuterDisposeScope().MoveToOuterDisposeScope());
                    recorded[capture.Layer].Values.Add(capture.Values[0].clone().MoveToOuterDisposeScope().MoveToOuterDisposeScope());
                },
            });
            online.Compress(part.Length);
        }

        for (var l = 0; l < model.Config.Layers; l++)
            Same(model, sidecar, "3", online.Cache, l, 0, cat([.. recorded[l].Keys], 1), cat([.. recorded[l].Values], 1), 4, 0, 4, 1e-5);
    }

    [Theory]
    [InlineData("lst", "2", 44, 1)]
    [InlineData("lst", "3/2", 44, 7)]
    [InlineData("paper", "3", 100, 16)]
    public void Behind_a_compressed_prompt_windows_go_on_with_the_raw_recents_and_neighbours(string preset, string ratio, int prompt, int portion)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = RandomSidecar.Of(model.Config, preset, ratio, config => config with { Neighbours = 2 });
        using var compressor = SuperTokenCompressor.Around(sidecar);
        var r = Ratio.Parse(ratio);
        const int recent = 8;
        using var prompts = PromptCompression.Run(model, TinyModels.Prompt(prompt, 8), [new CompressionJob(compressor, r)], cancel: TestContext.Current.CancellationToken);
        using var end = PromptEnd.Of(prompts.Dense, OnlineCompression.PlanOf(model, compressor, r).PromptTokens);
        var before = prompts.Jobs[0].Cache.Layers.Select(layer => (Keys: PlainNumbers.Of(layer.Prefix!.Keys.view(2, -1, 16)[1]), Slots: layer.Prefix.Length(0, 1))).ToList();
        using var online = OnlineCompression.Continue(model, compressor, r, [prompts.Jobs[0].Cache], [end], portion);
        Assert.All(online.Cache.Layers, layer => Assert.Equal((r.Slots(prompt) - recent, recent), (layer.Prefix!.Length(0, 0), layer.Tail.Length)));

        var rows = new GivenRows(model, 1, Tokens, 6);
        rows.Feed(online, portion);

        for (var l = 0; l < model.Config.Layers; l++)
        {
            var (denseKeys, denseValues) = prompts.Dense.Layers[l].Tail.Joined();
            var kept = before[l].Slots - recent;
            var prefix = online.Cache.Layers[l].Prefix!;
            Assert.Equal(0, PlainNumbers.Distance(before[l].Keys.AsSpan(0, kept * 16), PlainNumbers.Of(prefix.Keys.narrow(0, prefix.Offsets[1], kept))));
            Same(model, sidecar, ratio, online.Cache, l, 0, cat([denseKeys[0], rows.Of(l, 0).Keys], 1), cat([denseValues[0], rows.Of(l, 0).Values], 1), prompt - recent, kept - (prompt - recent), 0, 1e-5);
        }
    }

    [Fact]
    public void Untrained_it_is_mean_pooling_with_mass() => IsMeanPooling(() => (IOnlineCompressor)MethodSpec.Parse("lst:sidecar=untrained").Create());

    [Fact]
    public void A_sidecar_that_chooses_the_tokens_of_prompts_is_mean_pooling_with_mass()
    {
        using var sidecar = RandomSidecar.Of(TinyModels.Gqa, "lst", "3", config => config with { Choice = TokenChoiceRule.Learned, Network = SidecarNetwork.Means, Bias = SlotBias.LogMass });

        IsMeanPooling(() => SuperTokenCompressor.Around(sidecar));
    }

    private static void IsMeanPooling(Func<IOnlineCompressor> create)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        var rows = new GivenRows(model, 1, Tokens, 6);
        double[][] Slots(IOnlineCompressor made)
        {
            using var compressor = made;
            using var online = OnlineCompression.Empty(model, compressor, Ratio.Of(3));
            rows.Feed(online, 1);
            var prefix = online.Cache.Layers[1].Prefix!;
            return [PlainNumbers.Of(prefix.Padded().Keys), PlainNumbers.Of(prefix.Padded().Values), PlainNumbers.Of(prefix.Padded().Mask!)];
        }

        var (lst, mean) = (Slots(create()), Slots((IOnlineCompressor)MethodSpec.Parse("mean:key-space=pre-rope:log-mass=true").Create()));

        for (var i = 0; i < 3; i++) Assert.InRange(PlainNumbers.Distance(lst[i], mean[i]), 0, 1e-5);
    }

    [Fact]
    public void A_ratio_that_needs_longer_windows_than_the_network_takes_is_refused()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = RandomSidecar.Of(model.Config, "lst", "2");
        using var compressor = SuperTokenCompressor.Around(sidecar);

        var error = Assert.Throws<SidecarException>(() => OnlineCompression.Empty(model, compressor, Ratio.Of(7)));

        Assert.Contains("takes windows of up to 6 tokens, 7:1 with 1 super-tokens a window needs 7", error.Message);
    }

    [Fact]
    public void The_raw_rows_that_are_remembered_are_counted()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = RandomSidecar.Of(model.Config, "lst", "2");
        using var compressor = SuperTokenCompressor.Around(sidecar);
        using var online = OnlineCompression.Empty(model, compressor, Ratio.Of(2), batch: 2);
        new GivenRows(model, 2, 40, 1).Feed(online, 1);

        // 2 neighbours, keys and values, 3 layers, 2 samples of 2 heads of width 16 in float32.
        Assert.Equal(2 * 2 * 3 * 2 * 2 * 16 * 4, online.Bytes - online.Cache.Bytes);
        Assert.Equal(online.Bytes, online.BytesOf(0) + online.BytesOf(1));
    }

    private static void Same(LanguageModel model, SidecarModule sidecar, string ratio, int portion, double tolerance)
    {
        const int batch = 2;
        using var pause = CollectionPause.Begin();
        var rows = new GivenRows(model, batch, Tokens, 6);
        using var compressor = SuperTokenCompressor.Around(sidecar);
        using var online = OnlineCompression.Empty(model, compressor, Ratio.Parse(ratio), batch, portion);

        rows.Feed(online, portion);

        var sinks = int.Parse(sidecar.Config.Sinks, System.Globalization.CultureInfo.InvariantCulture);
        for (var l = 0; l < model.Config.Layers; l++)
            for (var b = 0; b < batch; b++)
                Same(model, sidecar, ratio, online.Cache, l, b, rows.Of(l, b).Keys, rows.Of(l, b).Values, sinks, 0, sinks, tolerance);
    }

    /// <summary>Compares the slots from window 0 on with one call of the network on all raw rows [H_kv, T, D].</summary>
    private static void Same(LanguageModel model, SidecarModule sidecar, string ratio, KvCache cache, int layer, int sample, Tensor keys, Tensor values, int firstWindow, int shift, int compareFrom, double tolerance)
    {
        var (config, r, tokens) = (sidecar.Config, Ratio.Parse(ratio), (int)keys.shape[1]);
        var recent = Math.Max(config.Neighbours, int.Parse(config.Recent, System.Globalization.CultureInfo.InvariantCulture));
        List<(int, int)> windows = [];
        int End(int count) => firstWindow + (((count * config.SuperTokens * r.Numerator) + r.Denominator - 1) / r.Denominator);
        while (End(windows.Count + 1) <= tokens - recent) windows.Add((End(windows.Count), End(windows.Count + 1) - End(windows.Count)));
        var rest = tokens - End(windows.Count);
        var plan = new WindowPlan(tokens, firstWindow, rest, windows, config.SuperTokens);
        using var batch = new WindowBatch(config, [.. Enumerable.Repeat(plan, model.Config.KeyValueHeads)], tokens, model.Rotary, CPU);
        var (cos, sin) = model.Rotary.Tables([.. Enumerable.Range(0, tokens).Select(t => (long)t)]);
        var raw = config.KeySpace == KeySpace.PreRope ? RotaryEmbedding.Rotate(keys.to(float32), cos, -sin) : keys;
        using var expected = sidecar.Compress(layer, raw, values, batch).Packed(keys, values, batch);

        var (prefix, tail) = (cache.Layers[layer].Prefix!, cache.Layers[layer].Tail);
        var made = windows.Count * config.SuperTokens;
        Assert.Equal((firstWindow + made + shift, rest), (prefix.Length(sample, 0), tail.Length));
        for (var h = 0; h < model.Config.KeyValueHeads; h++)
        {
            // Tokens before the first window are dense in the expected layer; in the cache `shift` slots fewer may stand for them.
            var from = compareFrom == 0 ? firstWindow : 0;
            var (expectedRow, row, count) = (expected.Offsets[h] + from, prefix.Offsets[(sample * prefix.KeyValueHeads) + h] + from + shift, firstWindow + made - from);
            Assert.InRange(PlainNumbers.Distance(expected.Keys.narrow(0, expectedRow, count), prefix.Keys.narrow(0, row, count)), 0, tolerance);
            Assert.InRange(PlainNumbers.Distance(expected.Values.narrow(0, expectedRow, count), prefix.Values.narrow(0, row, count)), 0, tolerance);
            if (expected.Bias is null) Assert.Null(prefix.Bias);
            else Assert.InRange(PlainNumbers.Distance(expected.Bias.narrow(0, expectedRow, count), prefix.Bias!.narrow(0, row, count)), 0, tolerance);
            Assert.Equal(expected.Positions.Slice(expectedRow, count).ToArray(), prefix.Positions.Slice(row, count).ToArray());
            Assert.Equal(expected.Counts.AsSpan(expectedRow, count).ToArray(), prefix.Counts.AsSpan(row, count).ToArray());
        }
        Assert.Equal(PlainNumbers.Bits(keys.narrow(1, tokens - rest, rest)), PlainNumbers.Bits(tail.Joined().Keys[sample]));
        Assert.Equal(PlainNumbers.Bits(values.narrow(1, tokens - rest, rest)), PlainNumbers.Bits(tail.Joined().Values[sample]));
    }
}

internal static class Repeated
{
    public static T[] Times<T>(this int count, Func<T> make) => [.. Enumerable.Range(0, count).Select(_ => make())];
}
