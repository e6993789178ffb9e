using LST.Core;
using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Evaluation.Analysis;
using LST.Evaluation.Statistics;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Analysis;

/// <summary>Errors of attention's output against outputs written out in double precision.</summary>
public sealed class ErrorAnalysisTests(TinyPrompt tiny) : IClassFixture<TinyPrompt>
{
    private static readonly MethodSpec Mean = MethodSpec.Parse("mean:log-mass=true"), Untrained = MethodSpec.Parse("lst:sidecar=untrained");

    [Theory, InlineData("mean:log-mass=true", null), InlineData("mean:log-mass=true", 35), InlineData("kvzip", null), InlineData("streaming:positions=cache-index", null), InlineData("streaming", 35)]
    public void Each_cell_is_the_median_over_its_queries(string method, int? window)
    {
        using var prompt = tiny.Open(window);
        Ratio[] ratios = [Ratio.Of(2), Ratio.Of(4)];

        var grid = prompt.ErrorGrid(MethodSpec.Parse(method), ratios, queries: 20, cancel: TestContext.Current.CancellationToken);

        for (var r = 0; r < ratios.Length; r++)
            for (var l = 0; l < 3; l++)
                for (var head = 0; head < 6; head++)
                {
                    var errors = Naive(prompt, prompt.Compress(MethodSpec.Parse(method), ratios[r], TestContext.Current.CancellationToken), l, head, window).Order().ToArray();
                    Assert.Equal((errors[9] + errors[10]) / 2, grid.Median[r][l][head], 2e-4);
                    Assert.InRange(grid.Median[r][l][head], grid.Low[r][l][head], grid.High[r][l][head]);
                }
        Assert.Equal([2.0, 4.0], grid.Ratios);
        Assert.Equal((20, "continuation"), (grid.Queries, grid.QuerySource));
    }

    [Theory, InlineData("continuation"), InlineData("isotropic"), InlineData("gaussian")]
    public void Nothing_is_lost_at_one_to_one_and_equal_seeds_draw_equal_probes(string source)
    {
        using var prompt = tiny.Open();

        var (grid, again, other) = (Grid(Ratio.Of(3), 5), Grid(Ratio.Of(3), 5), Grid(Ratio.Of(3), 6));
        var none = Grid(Ratio.One, 5);

        Assert.All(none.Median.SelectMany(layers => layers.SelectMany(heads => heads)), error => Assert.InRange(error, 0, 1e-6));
        Assert.Equal(grid.Median[0][2], again.Median[0][2]);
        if (source != "continuation") Assert.NotEqual(grid.Median[0][2], other.Median[0][2]);
        ErrorGrid Grid(Ratio ratio, long seed) => prompt.ErrorGrid(Mean, [ratio], source, 16, seed, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Tails_hold_every_error_in_order()
    {
        using var prompt = tiny.Open();

        var tails = prompt.ErrorTails([("untrained", Untrained), ("means", Mean)], Ratio.Of(3), queries: 10, cancel: TestContext.Current.CancellationToken);

        Assert.Equal(["untrained continuation", "means continuation", "untrained isotropic", "means isotropic", "untrained gaussian", "means gaussian"], tails.Series.Select(series => $"{series.Loss} {series.QuerySource}"));
        Assert.All(tails.Series, series => Assert.Equal(series.Errors.Order(), series.Errors));
        Assert.All(tails.Series, series => Assert.Equal(3 * 6 * 10, series.Errors.Count));
        Assert.All(tails.Series, series => Assert.Equal((Percentile.Of([.. series.Errors.Select(error => (double)error)], 0.95), 10), (series.P95!.Value.Value, series.P95.Value.Units)));
        Assert.All(tails.Series, series => Assert.True(series.P95!.Value.Low < series.P95.Value.Value && series.P95.Value.Value < series.P95.Value.High));
    }

    [Fact]
    public void A_cloud_lies_on_the_axes_of_the_real_queries_and_differs_between_panels_in_errors_alone()
    {
        using var prompt = tiny.Open();
        using var scope = NewDisposeScope();

        var cloud = prompt.ProbeCloud(1, 4, [("untrained", Untrained), ("streaming", MethodSpec.Parse("streaming"))], Ratio.Of(3), cancel: TestContext.Current.CancellationToken);

        var real = cloud.Panels[0].Points.Where(point => point.QuerySource == "continuation").ToList();
        var queries = PlainAttention.Rows(prompt.Layers[1].Queries[4].narrow(0, 60, 20));
        var variance = queries[0].Select((_, d) => queries.Average(q => q[d] * q[d]) - Math.Pow(queries.Average(q => q[d]), 2)).Sum();
        // Variances along principal axes are the largest there are, without correlation.
        Assert.Equal(cloud.Explained[0], real.Average(point => (double)point.X * point.X) / variance, 1e-3);
        Assert.Equal(cloud.Explained[1], real.Average(point => (double)point.Y * point.Y) / variance, 1e-3);
        Assert.Equal(0, real.Average(point => (double)point.X * point.Y) / variance, 1e-3);
        Assert.True(cloud.Explained[0] >= cloud.Explained[1] && cloud.Explained.Sum() <= 1.0001);
        Assert.Equal(cloud.Panels[0].Points.Select(point => (point.QuerySource, point.X, point.Y)), cloud.Panels[1].Points.Select(point => (point.QuerySource, point.X, point.Y)));
        Assert.NotEqual(cloud.Panels[0].Points.Select(point => point.Error), cloud.Panels[1].Points.Select(point => point.Error));
        Assert.Equal(60, cloud.Panels[0].Points.Count);
        var naive = Naive(prompt, prompt.Compress(Untrained, Ratio.Of(3), TestContext.Current.CancellationToken), 1, 4, null);
        PlainAttention.Near(naive, [.. real.Select(point => point.Error)], 2e-4);
    }

    [Fact]
    public void A_held_out_error_is_the_median_over_all_prompts_heads_and_queries()
    {
        using var folder = new TemporaryFolder();
        using var sidecar = SidecarModule.Untrained(SidecarPresets.Of("lst", "tiny", null, TinyPrompt.Config, Ratio.Of(3)));
        SidecarFile.Write(folder.File("step-1.safetensors"), sidecar);
        using var prompt = tiny.Open();
        using var second = PromptAnalysis.Of(tiny.Model(), TinyPrompt.Ids(70, seed: 9), 50, cancel: TestContext.Current.CancellationToken);

        var error = HeldOutProbes.MedianError([prompt, second], folder.File("step-1.safetensors"), Ratio.Of(3), queries: 20, TestContext.Current.CancellationToken);

        using var compressor = SuperTokenCompressor.Around(sidecar);
        var all = new[] { prompt, second }.SelectMany(opened => Enumerable.Range(0, 18).SelectMany(cell =>
            Naive(opened, opened.Compress("in memory", compressor, Ratio.Of(3), TestContext.Current.CancellationToken), cell / 6, cell % 6, null))).Order().ToArray();
        Assert.Equal((all[(all.Length / 2) - 1] + all[all.Length / 2]) / 2, error, 2e-4);
    }

    [Fact]
    public void What_cannot_be_drawn_is_said_in_a_sentence()
    {
        using var prompt = tiny.Open();

        Assert.Contains("known: continuation, isotropic", Assert.Throws<UsageException>(() => prompt.ErrorGrid(Mean, [Ratio.Of(2)], "repeat", cancel: TestContext.Current.CancellationToken)).Message);
        Assert.Contains("only 20 tokens stand behind the prefix", Assert.Throws<UsageException>(() => prompt.ErrorGrid(Mean, [Ratio.Of(2)], cancel: TestContext.Current.CancellationToken)).Message);
        Assert.Contains("none was given", Assert.Throws<UsageException>(() => prompt.ErrorTails([], Ratio.Of(2), cancel: TestContext.Current.CancellationToken)).Message);
    }

    // |o_c − o_d| / |o_d| of every query behind the prefix.
    private static double[] Naive(PromptAnalysis prompt, CompressedAnalysis made, int layer, int head, int? window)
    {
        using var scope = NewDisposeScope();
        var (held, packed, kv, prefix) = (prompt.Layers[layer], made.Layers[layer], head / 3, prompt.Prefix);
        var (keys, values) = (PlainAttention.Rows(held.Keys[kv]), PlainAttention.Rows(held.Values[kv]));
        var (first, count) = (packed.Offsets[kv], packed.Length(0, kv));
        var (slotKeys, slotValues) = (PlainAttention.Rows(packed.Keys.narrow(0, first, count)), PlainAttention.Rows(packed.Values.narrow(0, first, count)));
        var (queries, turned) = (PlainAttention.Rows(held.Queries[head]), PlainAttention.Rows(PrefixAttention.Turned(held.Queries[head], made.Shift, prompt.Model.Rotary)));
        return [.. Enumerable.Range(prefix, prompt.Continuation).Select(position =>
        {
            double Seen(double score, int at) => window is { } length && position - at >= length ? double.NegativeInfinity : score;
            double Bias(int i) => packed.Bias is null ? 0 : packed.Bias[first + i].item<float>();
            var dense = PlainAttention.Mix(PlainAttention.Softmax([.. Enumerable.Range(0, prefix).Select(j => Seen(PlainAttention.Score(queries[position], keys[j]), j))]), values[..prefix]);
            var read = PlainAttention.Mix(PlainAttention.Softmax([.. Enumerable.Range(0, count).Select(i => Seen(PlainAttention.Score(turned[position], slotKeys[i]) + Bias(i), packed.Positions[first + i] - made.Shift))]), slotValues);
            return PlainAttention.Norm(read.Zip(dense, (a, b) => a - b)) / PlainAttention.Norm(dense);
        })];
    }
}
