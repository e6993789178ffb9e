using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Random;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary>Protocol E1 on the reference model against a computation that knows neither caches nor the run.</summary>
public class PrefillThenContinueTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private const int P = 96, S = 40, T = P - 1, Layers = 8, Heads = 4, Width = 64;

    private static PerplexitySettings Settings(string methods, string ratios) => new()
    {
        Prefix = P, Suffix = S, Chunks = 2, Methods = MethodSpec.ParseList(methods), Ratios = [.. ratios.Split(',').Select(Ratio.Parse)],
    };

    [Fact]
    public void Losses_are_those_of_one_forward_pass_in_which_the_suffix_sees_only_the_slots()
    {
        var record = reference.Run(ReferenceModel.Api, Settings("streaming,mean:log-mass=true:sinks=2:recent=3", "4,2"));
        var ids = reference.Ids(ReferenceModel.Api.Content);
        var expected = new Dictionary<string, Func<Tensor, Tensor, (Tensor, Tensor, Tensor?)>>
        {
            ["dense@1"] = (k, v) => (k, v, null),
            ["streaming@4"] = (k, v) => Kept(k, v, 23),
            ["streaming@2"] = (k, v) => Kept(k, v, 47),
            ["mean:log-mass=true:sinks=2:recent=3@4"] = (k, v) => Means(k, v, 23),
            ["mean:log-mass=true:sinks=2:recent=3@2"] = (k, v) => Means(k, v, 47),
        };

        Assert.Equal(expected.Keys, record.Rows.Select(row => FormattableString.Invariant($"{row.Method}@{row.Ratio}")));
        foreach (var (row, compress) in record.Rows.Zip(expected.Values))
            for (var c = 0; c < 2; c++)
                Assert.Equal(PrefixOracle.Score(reference.Model, ReferenceModel.Chunk(ids, c, P, S), P, compress).Sum(), row.ChunkNll[c], 1e-3);
    }

    [Fact]
    public void Dense_losses_are_those_of_one_plain_forward_pass()
    {
        var record = reference.Run(ReferenceModel.Api, Settings("dense", "2"));
        var ids = reference.Ids(ReferenceModel.Api.Content);

        var dense = Assert.Single(record.Rows);
        for (var c = 0; c < 2; c++)
            Assert.Equal(reference.Losses(ReferenceModel.Chunk(ids, c, P, S)).Skip(P - 1).Sum(), dense.ChunkNll[c], 1e-3);
        Assert.Equal(Math.Exp(dense.ChunkNll.Sum() / (2 * S)), dense.Ppl, 1e-9);
        Assert.All(dense.ChunkTokens, tokens => Assert.Equal(S, tokens));
    }

    [Theory]
    [InlineData(64, 20)]
    [InlineData(33, 7)]
    public void A_text_is_cut_into_consecutive_chunks_and_its_rest_is_dropped(int prefix, int suffix)
    {
        var content = ReferenceModel.Api.Content[..1500];
        var ids = reference.Ids(content);
        var whole = ids.Length / (prefix + suffix - 1);
        PerplexityRecord Run(string text) => reference.Run(ReferenceModel.Text(text), new PerplexitySettings { Prefix = prefix, Suffix = suffix });

        var record = Run(content);

        Assert.Equal(whole, record.Chunks);
        Assert.InRange(whole, 3, 12);
        Assert.Equal(Enumerable.Range(0, whole).Select(c => Math.Round(reference.Losses(ReferenceModel.Chunk(ids, c, prefix, suffix)).Skip(prefix - 1).Sum(), 2)), record.Rows[0].ChunkNll.Select(nll => Math.Round(nll, 2)));
    }

    [Fact]
    public void Sizes_are_those_computed_by_hand()
    {
        const int n = 23;
        var record = reference.Run(ReferenceModel.Api, Settings("streaming,h2o,mean:log-mass=true,kvzip", "4"));
        const double rows = 2.0 * Layers * Heads * n * Width * 4, lists = 4.0 * Layers * n, bias = 4.0 * Layers * Heads * n;

        Assert.Equal([T, n, n, n, n], record.Rows.Select(row => row.KeptSlotsMean));
        Assert.All(record.Rows.Skip(1), row => Assert.Equal((double)T / n, row.RatioEffective, 1e-12));
        Assert.All(record.Rows, row => Assert.Equal((2.0 * Layers * Heads * T * Width * 4 + 4.0 * Layers * T) / T, row.DenseBytesPerToken, 1e-9));
        Assert.Equal([record.Rows[0].DenseBytesPerToken, (rows + lists) / T, (rows + (Heads * lists)) / T, (rows + lists + bias) / T, (rows + (Heads * lists)) / T],
            record.Rows.Select(row => row.BytesPerToken));
        Assert.Equal([1, 4, 4, 4, 4], record.Rows.Select(row => row.Ratio));
    }

    [Fact]
    public void At_ratio_1_every_method_has_the_losses_of_the_dense_cache_bit_for_bit()
    {
        var record = reference.Run(ReferenceModel.Api, Settings("all,mean:log-mass=true,streaming:positions=cache-index", "1"));

        Assert.True(record.Rows.Count > 7);
        Assert.All(record.Rows, row => Assert.Equal(record.Rows[0].ChunkNll, row.ChunkNll));
        Assert.All(record.Rows, row => Assert.Equal((1.0, 1.0, record.Rows[0].BytesPerToken), (row.PplOverDense, row.RatioEffective, row.BytesPerToken)));
    }

    [Fact]
    public void Intervals_are_those_of_a_paired_bootstrap_and_bins_add_up()
    {
        var record = reference.Run(ReferenceModel.Api, Settings("streaming", "8") with { Chunks = 5, Seed = 3 });
        var row = record.Rows[1];

        Assert.Equal([0, 16, S], record.OffsetBinEdges);
        foreach (var each in record.Rows)
            Assert.Equal(each.ChunkNll.Sum(), (each.NllByOffset[0] * 16 + each.NllByOffset[1] * (S - 16)) * 5, 1e-9);
        Assert.Equal(Math.Exp((row.ChunkNll.Sum() - row.DenseChunkNll.Sum()) / (5 * S)), row.PplOverDense, 1e-12);
        Assert.Equal(record.Rows[0].ChunkNll, row.DenseChunkNll);
        var (random, replicates) = (new PyRandom(3), new double[10_000]);
        for (var b = 0; b < replicates.Length; b++)
        {
            int[] drawn = [.. Enumerable.Range(0, 5).Select(_ => (int)Math.Floor(random.NextDouble() * 5))];
            replicates[b] = drawn.Sum(c => row.ChunkNll[c] - row.DenseChunkNll[c]) / (5 * S);
        }
        Array.Sort(replicates);
        Assert.Equal([Math.Exp(Percentile.Of(replicates, 0.025)), Math.Exp(Percentile.Of(replicates, 0.975))], row.Ci95, (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.True(row.Ci95[0] < row.PplOverDense && row.PplOverDense < row.Ci95[1]);
    }

    [Theory]
    [InlineData("--prefix 1", 1, 40)]
    [InlineData("--suffix 0", 96, 0)]
    [InlineData("longer than the 2048 positions", 2000, 100)]
    [InlineData("longer than the 2048 positions", int.MaxValue, int.MaxValue)]
    public void Sizes_that_cannot_be_are_refused(string phrase, int prefix, int suffix) =>
        Assert.Contains(phrase, Assert.Throws<UsageException>(() => new PerplexityRun(reference.Loaded, new PerplexitySettings { Prefix = prefix, Suffix = suffix })).Message);

    [Fact]
    public void A_text_shorter_than_one_chunk_is_refused() =>
        Assert.Contains("one chunk needs 135 ids", Assert.Throws<DataException>(() => reference.Run(ReferenceModel.Text("Short."), Settings("dense", "2"))).Message);

    // Sinks and the most recent tokens.
    private static (Tensor, Tensor, Tensor?) Kept(Tensor keys, Tensor values, int slots)
    {
        var index = tensor((long[])[.. Enumerable.Range(0, T).Where(j => j < 4 || j >= T - (slots - 4)).Select(j => (long)j)]);
        return (keys.index_select(1, index), values.index_select(1, index), null);
    }

    // 2 sinks, 3 recents, the middle in slots − 5 runs whose sizes differ by at most one: run g covers middle tokens ⌊gM/N⌋ … ⌊(g+1)M/N⌋ − 1.
    private static (Tensor, Tensor, Tensor?) Means(Tensor keys, Tensor values, int slots)
    {
        const int middle = T - 5;
        var groups = slots - 5;
        List<(int From, int To)> runs = [(0, 1), (1, 2)];
        for (var g = 0; g < groups; g++) runs.Add((2 + g * middle / groups, 2 + (g + 1) * middle / groups));
        for (var j = T - 3; j < T; j++) runs.Add((j, j + 1));
        Tensor Mean(Tensor rows) => cat([.. runs.Select(run => rows.narrow(1, run.From, run.To - run.From).mean([1], true))], 1);
        return (Mean(keys), Mean(values), tensor((double[])[.. runs.Select(run => Math.Log(run.To - run.From))]));
    }
}
