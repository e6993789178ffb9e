using LST.Core;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Perplexity.Streaming;
using LST.Evaluation.Records;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Perplexity.Streaming;

/// <summary>Protocol E2 on the reference model against a cache that is put together anew for every step.</summary>
public class StreamingRunTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private const int Stream = 120, Slots = 40;

    private static PerplexitySettings Settings(string methods) => new()
    {
        Protocol = "e2", Prefix = Stream, Chunks = 2, Methods = MethodSpec.ParseList(methods), StreamSlots = [Slots], Step = 8,
    };

    [Fact]
    public void Losses_are_those_of_steps_over_a_cache_that_is_built_by_hand()
    {
        var record = Run(Settings("streaming"));
        var ids = reference.Ids(ReferenceModel.Prose.Content);

        for (var c = 0; c < 2; c++)
        {
            long[] stream = [0, .. ids.Skip(c * (Stream - 1)).Take(Stream - 1)];
            var losses = ByHand(stream, 8);
            // Six steps of eight bring the cache above 40 slots.
            Assert.Equal(losses.Skip(48).Sum(), record.Rows[1].ChunkNll[c], 1e-3);
            Assert.Equal(reference.Losses(stream).Skip(48).Sum(), record.Rows[1].DenseChunkNll[c], 1e-3);
        }
        Assert.Equal([Stream - 1 - 48, Stream - 1 - 48], record.Rows[1].ChunkTokens);
        Assert.NotEqual(record.Rows[0].Ppl, record.Rows[1].Ppl, 1e-3);
    }

    [Fact]
    public void Rows_say_what_they_hold_at_the_end()
    {
        var record = Run(Settings("streaming,h2o,tova"));

        Assert.Equal(("e2", Stream, (int?)null, 2), (record.Protocol, record.Prefix!.Value, record.Suffix, record.Chunks));
        Assert.Equal(["dense", "streaming", "h2o", "tova"], record.Rows.Select(row => row.Method));
        Assert.All(record.Rows.Skip(1), row => Assert.Equal((Slots, 3, (Stream - 1) / (double)Slots), (row.KeptSlotsMean, row.Ratio, row.RatioEffective)));
        // Sums of attention are a float more for each slot; spare rows and the block of the tail are counted as well.
        const int held = 8 * 4 * Slots;
        Assert.InRange((record.Rows[2].BytesPerToken - record.Rows[1].BytesPerToken) * (Stream - 1), 4 * held, 4 * held + (4 * 8 * 3 * 2 * Slots));
        Assert.All(record.Rows, row => Assert.Equal(record.OffsetBinEdges.Count - 1, row.NllByOffset.Count));
        Assert.Equal(48, record.OffsetBinEdges[0]);
        Assert.Equal(40, record.Rows[1].Options["slots"]!.GetValue<int>());
        Assert.Null(record.Contradiction());
    }

    [Fact]
    public void Ratios_bound_the_cache_by_what_was_seen_and_dense_rows_are_paired()
    {
        var record = Run(Settings("mean,knorm") with { Prefix = 200, StreamSlots = [], Ratios = [Ratio.Of(2), Ratio.Of(4)], Chunks = 1 });

        Assert.Equal(["dense", "mean", "mean", "knorm", "knorm"], record.Rows.Select(row => row.Method));
        // max(64, 199 / 2) and max(64, 199 / 4).
        Assert.Equal([99, 64], record.Rows.Skip(3).Select(row => row.KeptSlotsMean));
        Assert.All(record.Rows.Skip(1), row => Assert.Equal(199 - 72, row.ChunkTokens[0]));
    }

    [Fact]
    public void Rows_of_all_budgets_score_the_ids_behind_the_largest_cache()
    {
        var record = Run(Settings("streaming,h2o") with { StreamSlots = [40, 20], Chunks = 1 });

        Assert.All(record.Rows, row => Assert.Equal(Stream - 1 - 48, row.ChunkTokens[0]));
        Assert.All(record.Rows, row => Assert.Equal(record.Rows[0].ChunkNll, row.DenseChunkNll));
        Assert.Single(Evaluation.Reports.PerplexityTable.Join([record]));
    }

    [Fact]
    public void One_id_at_a_time_differs_from_steps_and_both_are_near_dense()
    {
        var exact = Run(Settings("h2o") with { Step = 1, Chunks = 1 });
        var steps = Run(Settings("h2o") with { Chunks = 1 });

        Assert.NotEqual(exact.Rows[1].Ppl, steps.Rows[1].Ppl);
        Assert.All(new[] { exact, steps }, record => Assert.InRange(record.Rows[1].PplOverDense, 0.9, 2));
        Assert.Equal(Stream - 1 - 41, exact.Rows[1].ChunkTokens[0]);
    }

    [Fact]
    public void All_leaves_out_what_cannot_go_on_and_says_so()
    {
        var run = new StreamingRun(reference.Loaded, Settings("all"));

        Assert.Contains(run.Notes, note => note.Contains("snapkv") && note.Contains("do not go on while tokens arrive"));
        Assert.Contains(run.Notes, note => note.Contains("'mean'") && note.Contains("give a ratio instead"));
    }

    [Theory]
    [InlineData("snapkv", 40, "compresses a prompt once")]
    [InlineData("mean", 40, "give a ratio instead")]
    [InlineData("h2o", 500, "nothing is compressed")]
    public void What_cannot_be_streamed_is_refused(string method, int slots, string phrase) =>
        Assert.Contains(phrase, Assert.ThrowsAny<LstException>(() => Run(Settings(method) with { StreamSlots = [slots] })).Message);

    [Fact]
    public void A_stopped_run_goes_on_behind_its_last_row_with_the_same_numbers()
    {
        using var folder = new TemporaryFolder();
        var settings = Settings("streaming,h2o");
        var whole = Run(settings);
        using var source = new CancellationTokenSource();
        StreamingRun New() => new(reference.Loaded, settings) { JournalFolder = folder.Path };
        Assert.ThrowsAny<OperationCanceledException>(() => New().Run(ReferenceModel.Prose, "c", new Stopping(4, source), source.Token));

        var resumed = New().Run(ReferenceModel.Prose, "c", cancel: TestContext.Current.CancellationToken);

        Assert.Equal(whole.Rows.SelectMany(row => row.ChunkNll), resumed.Rows.SelectMany(row => row.ChunkNll));
        Assert.Equal(whole.Rows.Select(row => (row.BytesPerToken, row.KeptSlotsMean, row.Ci95[1])), resumed.Rows.Select(row => (row.BytesPerToken, row.KeptSlotsMean, row.Ci95[1])));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    private PerplexityRecord Run(PerplexitySettings settings) => new StreamingRun(reference.Loaded, settings).Run(ReferenceModel.Prose, "./lst eval ppl", cancel: TestContext.Current.CancellationToken);

    // Four sinks and the last 36 tokens, gathered from a list of all rows that ever were.
    private double[] ByHand(long[] stream, int step)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var model = reference.Model;
        var held = Enumerable.Range(0, model.Config.Layers).Select(_ => (Keys: new List<Tensor>(), Values: new List<Tensor>())).ToList();
        var losses = new double[stream.Length - 1];
        for (var start = 0; start < losses.Length; start += step)
        {
            var count = Math.Min(step, losses.Length - start);
            using var cache = model.NewCache(1);
            int[] kept = start <= Slots ? [.. Enumerable.Range(0, start)] : [.. Enumerable.Range(0, 4), .. Enumerable.Range(start - Slots + 4, Slots - 4)];
            for (var l = 0; l < held.Count && kept.Length > 0; l++)
            {
                Tensor Rows(List<Tensor> all) => cat([.. Enumerable.Range(0, model.Config.KeyValueHeads).SelectMany(h => kept.Select(j => all[j][h].unsqueeze(0)))]);
                cache.Layers[l].Replace(new CompressedLayer(1, model.Config.KeyValueHeads, Rows(held[l].Keys), Rows(held[l].Values), [.. Enumerable.Range(0, model.Config.KeyValueHeads + 1).Select(h => h * kept.Length)],
                    [.. Enumerable.Repeat(kept, model.Config.KeyValueHeads).SelectMany(p => p)]).Detached());
            }
            cache.NextPositions[0] = start;
            var hidden = model.Run(tensor(stream.AsSpan(start, count).ToArray(), 1, count), cache);
            for (var l = 0; l < held.Count; l++)
            {
                var (keys, values) = cache.Layers[l].Tail.Joined();
                for (var t = 0; t < count; t++)
                {
                    held[l].Keys.Add(keys[0].select(1, t).clone());
                    held[l].Values.Add(values[0].select(1, t).clone());
                }
            }
            var logs = model.Logits(hidden[0]).to(float64).log_softmax(1);
            for (var t = 0; t < count; t++) losses[start + t] = -logs[t, stream[start + t + 1]].item<double>();
        }
        return losses;
    }

    private sealed class Stopping(int after, CancellationTokenSource source) : IRunProgress
    {
        private int done;

        public void Begin(string what, long total, long finished = 0, string unit = "chunks") { }

        public void Advance(long steps = 1, string? detail = null)
        {
            if (++done == after) source.Cancel();
        }

        public void Note(string line) { }
    }
}
