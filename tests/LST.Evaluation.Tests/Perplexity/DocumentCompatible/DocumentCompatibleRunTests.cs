using LST.Core;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Perplexity.DocumentCompatible;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using LST.Evaluation.Statistics;
using LST.Evaluation.Texts;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Perplexity.DocumentCompatible;

/// <summary>Protocol E3 on the reference model against a computation that knows neither caches nor the run.</summary>
public class DocumentCompatibleRunTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    // Lines of different lengths from the API prose.
    private static readonly LoadedText Text = FrozenLinesTests.Lines(line => ReferenceModel.Api.Content.Substring(line * 50, 330 + (line % 7 * 40)).ReplaceLineEndings(" "));

    private static PerplexitySettings Settings(string methods, string ratios, int samples = 3) => new()
    {
        Protocol = "e3", Chunks = samples, Methods = MethodSpec.ParseList(methods), Ratios = [.. ratios.Split(',').Select(Ratio.Parse)],
    };

    [Fact]
    public void Losses_are_those_of_one_forward_pass_at_true_positions_or_at_positions_counted_from_the_slots()
    {
        var record = reference.Run(Text, Settings("streaming,mean", "2,8"));

        Assert.Equal(["dense@1", "streaming@2", "streaming@8", "streaming as printed@2", "streaming as printed@8", "mean@2", "mean@8", "mean as printed@2", "mean as printed@8"], record.Rows.Select(row => FormattableString.Invariant($"{row.Method}@{row.Ratio}")));
        for (var c = 0; c < record.Chunks; c++)
        {
            long[] ids = [0, .. reference.Ids(Text.Content.Split('\n')[record.SampleLines![c]])];
            var prefix = ids.Length / 2;
            Assert.Equal(ids.Length, record.SampleTokens![c]);
            foreach (var row in record.Rows)
            {
                var slots = 12 + ((prefix - 12) / (int)row.Ratio);
                Func<Tensor, Tensor, (Tensor, Tensor, Tensor?)> compress = row.Method switch
                {
                    "dense" => (k, v) => (k, v, null),
                    "streaming" => (k, v) => Kept(k, v, slots, 0),
                    "streaming as printed" => (k, v) => Kept(k, v, 12, prefix - 12),
                    "mean" => (k, v) => Means(k, v, slots, 0),
                    _ => (k, v) => Means(k, v, slots, prefix - slots),
                };
                // The first id of the second half is not scored.
                Assert.Equal(ids.Length - prefix - 1, row.ChunkTokens[c]);
                Assert.Equal(PrefixOracle.Score(reference.Model, ids, prefix + 1, compress).Sum(), row.ChunkNll[c], 2e-3);
            }
        }
    }

    [Fact]
    public void The_mean_is_over_samples_and_so_is_the_interval()
    {
        var record = reference.Run(Text, Settings("streaming", "4", samples: 6));
        var row = record.Rows[1];
        double[] PerToken(IReadOnlyList<double> nll) => [.. nll.Zip(row.ChunkTokens, (sum, count) => sum / count)];
        var (losses, dense) = (PerToken(row.ChunkNll), PerToken(row.DenseChunkNll));
        var interval = new PairedBootstrap(6).Mean([.. losses.Zip(dense, (a, b) => a - b)]);

        Assert.True(row.ChunkTokens.Distinct().Count() > 2);
        Assert.Equal(Math.Exp(losses.Average()), row.Ppl, 1e-9);
        Assert.Equal(Math.Exp(losses.Average() - dense.Average()), row.PplOverDense, 1e-12);
        Assert.Equal([Math.Exp(interval.Low), Math.Exp(interval.High)], row.Ci95, (a, b) => Math.Abs(a - b) < 1e-12);
        var table = Assert.Single(PerplexityTable.Join([record with { Id = "a" }]));
        Assert.Equal(row.PplOverDense, table.Ratio(row, record.Rows[0]).Value, 1e-12);
        Assert.Equal(interval.Low, Math.Log(table.Ratio(row, record.Rows[0]).Low), 1e-12);
        Assert.Contains($"E3, halves of 6 lines of {record.SampleTokens!.Min()} to {record.SampleTokens!.Max()} tokens, mean over lines, float32.", PerplexityMarkdown.Of([table], "lst"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_row_has_the_slots_of_the_protocol_and_says_its_variant()
    {
        var record = reference.Run(Text, Settings("all", "2,8", samples: 2));
        double Slots(int ratio) => record.SampleTokens!.Average(tokens => 12 + ((tokens / 2) - 12) / ratio);

        Assert.All(record.Rows.Skip(1), row => Assert.Equal(row.Method == "streaming as printed" ? 12 : Slots((int)row.Ratio), row.KeptSlotsMean, row.Method.StartsWith("lst", StringComparison.Ordinal) ? 0.05 : 1e-12));
        Assert.All(record.Rows.Skip(1), row => Assert.Equal(row.Method.EndsWith(" as printed", StringComparison.Ordinal) ? "as-printed" : "correct", row.Options["variant"]!.GetValue<string>()));
        Assert.All(AsPrinted.Names, name => Assert.Equal(2, record.Rows.Count(row => row.Method == name + " as printed")));
        Assert.Equal((null, null, "e3"), (record.Prefix, record.Suffix, record.Protocol));
    }

    [Fact]
    public void At_ratio_1_every_row_has_the_losses_of_the_dense_cache_bit_for_bit()
    {
        var record = reference.Run(Text, Settings("all", "1", samples: 1));

        Assert.True(record.Rows.Count > 15);
        Assert.All(record.Rows, row => Assert.Equal(record.Rows[0].ChunkNll, row.ChunkNll));
    }

    [Fact]
    public void A_stopped_run_goes_on_behind_its_last_sample_and_its_record_can_be_read()
    {
        using var folder = new TemporaryFolder();
        var settings = Settings("h2o", "2");
        var whole = reference.Run(Text, settings);
        using var source = new CancellationTokenSource();

        Assert.ThrowsAny<OperationCanceledException>(() => new PerplexityRun(reference.Loaded, settings) { JournalFolder = folder.File("journals") }.Run(Text, "c", new Stop(source), source.Token));
        Assert.Equal(1 + 3, File.ReadAllLines(Assert.Single(Directory.GetFiles(folder.File("journals")))).Length);
        var store = new RecordStore(folder.File("results"));
        var resumed = new PerplexityRun(reference.Loaded, settings) { JournalFolder = folder.File("journals"), Store = store }.Run(Text, "c", cancel: TestContext.Current.CancellationToken);

        Assert.Equal(whole.Rows.SelectMany(row => row.ChunkNll), resumed.Rows.SelectMany(row => row.ChunkNll));
        var read = Assert.Single(store.ReadAll<PerplexityRecord>("ppl"));
        Assert.Equal(resumed.SampleTokens, read.SampleTokens);
        Assert.Equal(resumed.SampleLines, read.SampleLines);
        Assert.All(read.Rows, row => Assert.Equal("samples", row.Average));
    }

    [Theory]
    [InlineData("--prefix 64: in protocol e3 the first half", 64, EqualBasis.Slots)]
    [InlineData("--equal bytes: protocol e3 gives every method the same slots", null, EqualBasis.Bytes)]
    public void What_has_no_meaning_is_refused(string phrase, int? prefix, EqualBasis equal) =>
        Assert.Contains(phrase, Assert.Throws<UsageException>(() => new PerplexityRun(reference.Loaded, Settings("h2o", "2") with { Prefix = prefix, Equal = equal })).Message, StringComparison.Ordinal);

    // Sinks and most recent tokens, keys turned on by so many positions: a suffix that is numbered too low sees them further ahead.
    private (Tensor, Tensor, Tensor?) Kept(Tensor keys, Tensor values, int slots, int ahead)
    {
        var tokens = (int)keys.shape[1];
        var index = tensor((long[])[.. Enumerable.Range(0, tokens).Where(j => j < 4 || j >= tokens - (slots - 4)).Select(j => (long)j)]);
        return (Turned(keys.index_select(1, index), ahead), values.index_select(1, index), null);
    }

    private (Tensor, Tensor, Tensor?) Means(Tensor keys, Tensor values, int slots, int ahead)
    {
        var tokens = (int)keys.shape[1];
        var (middle, groups) = (tokens - 12, slots - 12);
        List<(int From, int To)> runs = [(0, 1), (1, 2), (2, 3), (3, 4)];
        for (var g = 0; g < groups; g++) runs.Add((4 + g * middle / groups, 4 + (g + 1) * middle / groups));
        for (var j = tokens - 8; j < tokens; j++) runs.Add((j, j + 1));
        Tensor Mean(Tensor rows) => cat([.. runs.Select(run => rows.narrow(1, run.From, run.To - run.From).mean([1], true))], 1);
        return (Turned(Mean(keys), ahead), Mean(values), null);
    }

    private Tensor Turned(Tensor keys, int by)
    {
        var (cos, sin) = new RotaryEmbedding(reference.Model.Config).Tables([by]);
        return RotaryEmbedding.Rotate(keys, cos.to(float64), sin.to(float64));
    }

    private sealed class Stop(CancellationTokenSource source) : IRunProgress
    {
        public void Begin(string what, long total, long done = 0, string unit = "chunks") { }

        public void Advance(long steps = 1, string? detail = null) => source.Cancel();

        public void Note(string line) { }
    }
}
