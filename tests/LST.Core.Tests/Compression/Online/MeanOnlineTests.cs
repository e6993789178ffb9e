using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Models;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression.Online;

/// <summary>Mean pooling while tokens arrive, against means written out.</summary>
public class MeanOnlineTests
{
    public static TheoryData<string, string, int> Cases => [.. from method in new[] { "mean", "mean:key-space=pre-rope:log-mass=true", "mean:sinks=0:recent=0", "mean:sinks=5:recent=3:log-mass=true", "mean:window=3" }
        from ratio in new[] { "2", "3/2", "5" } from portion in new[] { 1, 7, 16, 61 } select (method, ratio, portion)];

    [Theory, MemberData(nameof(Cases))]
    public void Every_window_that_left_the_recent_tokens_is_its_mean_and_the_rest_is_as_it_came(string method, string ratio, int portion)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa with { Layers = 1 });
        var rows = new GivenRows(model, 2, 61, 5);
        var spec = MethodSpec.Parse(method);
        var r = spec.Options.IsAutomatic("window") ? Ratio.Parse(ratio) : Ratio.Of(3);
        using var compressor = spec.Create();
        using var online = OnlineCompression.Empty(model, OnlineCompression.Require(compressor, "mean"), Ratio.Parse(ratio), batch: 2, portion);

        rows.Feed(online, portion);

        var (sinks, recent) = (spec.Options.SlotsWithoutBudget("sinks", r), spec.Options.SlotsWithoutBudget("recent", r));
        List<(int First, int Count)> runs = [.. Enumerable.Range(0, sinks).Select(j => (j, 1))];
        for (var g = 0; ; g++)
        {
            int End(int windows) => sinks + (int)Math.Ceiling(windows * r.Value - 1e-9);
            if (End(g + 1) > rows.Tokens - recent) break;
            runs.Add((End(g), End(g + 1) - End(g)));
        }
        for (var b = 0; b < 2; b++)
            for (var h = 0; h < 2; h++)
                foreach (var (expected, slot) in Expected(model, rows, b, h, runs, spec).Zip(Held(online.Cache.Layers[0], b, h)))
                {
                    Assert.InRange(PlainNumbers.Distance(expected.Key, slot.Key), 0, 1e-5);
                    Assert.InRange(PlainNumbers.Distance(expected.Value, slot.Value), 0, 1e-5);
                    Assert.Equal(expected.Bias, slot.Bias, 1e-6);
                    Assert.Equal(expected.Position, slot.Position);
                }
        var last = runs.Count == 0 ? 0 : runs[^1].First + runs[^1].Count;
        Assert.Equal((runs.Count, rows.Tokens - last), (online.Cache.Layers[0].Prefix!.Length(0, 0), online.Cache.Layers[0].Tail.Length));
        Assert.Equal(PlainNumbers.Bits(rows.Of(0, 1).Keys.narrow(1, last, rows.Tokens - last)), PlainNumbers.Bits(online.Cache.Layers[0].Tail.Joined().Keys[1]));
        Assert.True(online.Cache.Layers[0].Prefix!.PositionsShared);
    }

    [Theory]
    [InlineData("mean:recent=n/2", "depends on n")]
    [InlineData("mean:sinks=n-4", "depends on n")]
    public void An_option_that_depends_on_n_is_refused(string method, string sentence)
    {
        using var model = TinyModels.Load(TinyModels.Gqa with { Layers = 1 });
        using var compressor = (IOnlineCompressor)MethodSpec.Parse(method).Create();

        Assert.Contains(sentence, Assert.Throws<UsageException>(() => OnlineCompression.Empty(model, compressor, Ratio.Of(2))).Message);
    }

    [Fact]
    public void Ratio_1_and_methods_for_prompts_alone_are_refused()
    {
        using var model = TinyModels.Load(TinyModels.Gqa with { Layers = 1 });
        using var mean = (IOnlineCompressor)MethodSpec.Parse("mean").Create();
        using var snap = MethodSpec.Parse("snapkv").Create();

        Assert.Contains("give a ratio above 1", Assert.Throws<UsageException>(() => OnlineCompression.Empty(model, mean, Ratio.One)).Message);
        Assert.Contains("methods that can: mean, streaming, h2o", Assert.Throws<UsageException>(() => OnlineCompression.Require(snap, "snapkv")).Message);
    }

    private static IEnumerable<(double[] Key, double[] Value, double Bias, int Position)> Expected(LanguageModel model, GivenRows rows, int sample, int head, List<(int First, int Count)> runs, MethodSpec spec)
    {
        var (allKeys, allValues) = rows.Of(0, sample);
        var (keys, values) = (PlainNumbers.Heads(allKeys)[head], PlainNumbers.Heads(allValues)[head]);
        double[] Average(double[][] of, (int First, int Count) run) => [.. Enumerable.Range(0, of[0].Length).Select(d => of.Skip(run.First).Take(run.Count).Average(row => row[d]))];
        foreach (var run in runs)
        {
            var position = run.First + ((run.Count - 1) / 2);
            var key = spec.Options["key-space"] == "post-rope" ? Average(keys, run)
                : NaiveRotation.Turn(Average([.. keys.Select((k, t) => NaiveRotation.Turn(k, -t, model.Rotary.InverseFrequencies))], run), position, model.Rotary.InverseFrequencies);
            yield return (key, Average(values, run), spec.Options.Flag("log-mass") ? Math.Log(run.Count) : 0, position);
        }
    }

    private static IEnumerable<(double[] Key, double[] Value, double Bias, int Position)> Held(LayerCache layer, int sample, int head)
    {
        var prefix = layer.Prefix!;
        var width = (int)prefix.Keys.shape[1];
        var (keys, values, bias) = (PlainNumbers.Of(prefix.Keys), PlainNumbers.Of(prefix.Values), prefix.Bias is null ? null : PlainNumbers.Of(prefix.Bias));
        var positions = prefix.Positions.ToArray();
        var first = prefix.Offsets[(sample * prefix.KeyValueHeads) + head];
        return [.. Enumerable.Range(first, prefix.Length(sample, head)).Select(row =>
            (PlainNumbers.Row(keys, row, width).ToArray(), PlainNumbers.Row(values, row, width).ToArray(), bias?[row] ?? 0, positions[row]))];
    }
}
