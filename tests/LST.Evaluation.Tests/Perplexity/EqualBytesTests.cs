using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Perplexity;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary><c>--equal bytes</c>: the largest cache of a method that is no larger than dense bytes / r.</summary>
public class EqualBytesTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private const int P = 96, T = P - 1;

    private static readonly string[] Methods =
    [
        "random", "streaming", "h2o", "snapkv", "kvzip", "mean", "mean:log-mass=true", "mean:budget=middle:log-mass=true", "mean:grouping=fixed-window:log-mass=true",
    ];

    public static TheoryData<string> Ratios => ["1", "11/10", "3/2", "2", "3", "4"];

    private static PerplexitySettings Settings(string methods, string ratios) => new()
    {
        Prefix = P, Suffix = 8, Chunks = 1, Equal = EqualBasis.Bytes, Methods = MethodSpec.ParseList(methods), Ratios = [.. ratios.Split(',').Select(Ratio.Parse)],
    };

    [Theory, MemberData(nameof(Ratios))]
    public void Every_method_gets_as_many_slots_as_the_bytes_allow(string ratio)
    {
        var record = reference.Run(ReferenceModel.Prose, Settings(string.Join(',', Methods), ratio));
        var prompt = ReferenceModel.Chunk(reference.Ids(ReferenceModel.Prose.Content), 0, P, 8)[..T];
        var dense = record.Rows[0].BytesPerToken * T;

        Assert.Equal((8 * 4 * T * 64 * 2 * 4) + (8 * T * 4), dense, 1e-6);
        foreach (var row in record.Rows.Skip(1))
        {
            Assert.True(row.BytesPerToken * T <= (dense / Ratio.Parse(ratio).Value) + 1e-6, $"{row.Method}: {row.BytesPerToken * T} bytes");
            if (ratio == "1") Assert.Equal((T, dense), (row.KeptSlotsMean, Math.Round(row.BytesPerToken * T, 6)));
            else Assert.True(NextLarger(prompt, row.Method, row.KeptSlotsMean) > dense / Ratio.Parse(ratio).Value, $"{row.Method}: more than {row.KeptSlotsMean} slots would fit");
        }
    }

    [Fact]
    public void Positions_of_each_head_and_a_bias_cost_slots()
    {
        var rows = reference.Run(ReferenceModel.Prose, Settings("streaming,mean:log-mass=true,h2o", "2")).Rows;

        // By hand: 4 heads · 2 · 64 · 4 bytes a slot and layer, 4 for a shared position, 16 for four positions or biases; dense / 2 = 47.5 slots.
        Assert.Equal([95, 47, Math.Floor(47.5 * 2052 / 2068), Math.Floor(47.5 * 2052 / 2064)], rows.Select(row => row.KeptSlotsMean));
    }

    [Theory, InlineData("2"), InlineData("4")]
    public void A_trained_sidecar_stays_that_of_the_ratio_that_was_asked_for(string ratio)
    {
        var record = reference.Run(ReferenceModel.Prose, Settings("lst", ratio));
        var prompt = ReferenceModel.Chunk(reference.Ids(ReferenceModel.Prose.Content), 0, P, 8)[..T];
        var (dense, row) = (record.Rows[0].BytesPerToken * T, record.Rows[1]);

        Assert.Equal($"lst-{ratio}x.safetensors", row.Options["file"]!.GetValue<string>());
        Assert.InRange(row.KeptSlotsMean, 1, T / double.Parse(ratio, System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(row.BytesPerToken * T <= dense / Ratio.Parse(ratio).Value);
        Assert.True(NextLarger(prompt, "lst", Math.Round(row.KeptSlotsMean) + 1, Ratio.Parse(ratio)) > dense / Ratio.Parse(ratio).Value);
    }

    [Fact]
    public void A_method_whose_protected_tokens_alone_are_too_large_is_refused()
    {
        var error = Assert.Throws<CompressionException>(() => reference.Run(ReferenceModel.Prose, Settings("streaming,mean", "8")));

        Assert.StartsWith("mean at 8:1 has no cache of 95 tokens within dense bytes / r", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Same_slots_are_the_default_and_may_cost_more_bytes()
    {
        var rows = reference.Run(ReferenceModel.Prose, Settings("h2o,mean:log-mass=true", "2") with { Equal = default }).Rows;

        Assert.All(rows.Skip(1), row => Assert.Equal(47, row.KeptSlotsMean));
        Assert.True(rows[2].BytesPerToken > rows[1].BytesPerToken);
    }

    // Bytes of the next larger cache that the method can make of the prompt.
    private long NextLarger(long[] prompt, string method, double slots, Ratio? asked = null)
    {
        using var compressor = MethodSpec.Parse(method).Create();
        compressor.Attach(new ModelTarget(reference.Loaded.Identity.Name, reference.Loaded.Identity.WeightsSha256, reference.Model.Config));
        var first = method.Contains("budget=middle") ? 1 : (int)slots;
        List<CompressionJob> jobs = [.. Enumerable.Range(first, T - first + 1).Select(n => new CompressionJob(compressor, Ratio.Of(T, n)) { Asked = asked ?? Ratio.Of(T, n) })];
        using var prompts = PromptCompression.Run(reference.Model, prompt, jobs, reference.Loaded.Tokenizer, TestContext.Current.CancellationToken);
        var layers = prompts.Jobs.First(job => job.Plan.Total > 32 * slots - (asked is null ? 0 : 1)).Cache.Layers.Select(layer => layer.Prefix!).ToList();
        // Where heads choose for themselves, a layer in which they agree is luck: it would not do so in the next text.
        var shared = layers.TrueForAll(layer => layer.PositionsShared);
        return layers.Sum(layer => (layer.Slots * 2L * 64 * 4) + (layer.Bias is null ? 0 : 4L * layer.Slots) + (4L * (shared ? layer.Length(0, 0) : layer.Slots)));
    }
}
