using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Tests.Analysis;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Benchmarks.ZeroShot;

/// <summary>Protocol MC-P and the one dense pass on small random models.</summary>
public class ZeroShotScorerTests(TinyPrompt tiny) : IClassFixture<TinyPrompt>
{
    private static readonly string[] Methods = ["streaming:sinks=2", "mean:sinks=1:recent=2", "h2o", "snapkv:observe=6", "kvzip", "streaming:positions=cache-index:sinks=1", "random", "knorm"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static BenchmarkRow Row(string method, string ratio = "2") => new(MethodSpec.Parse(method), Ratio.Parse(ratio));

    private ContinuationScore[] OnePass(ZeroShotDocument item, int? slidingWindow = null, int batchTokens = 2048, int maxLength = 256)
    {
        var encoder = PairEncoder.Of(tiny.Model(slidingWindow));
        return new LogLikelihoodScorer(tiny.Model(slidingWindow).Model, maxLength, batchTokens).Score([.. item.Requests.Select(encoder.Encode)], Cancel);
    }

    private static void Near(IReadOnlyList<ContinuationScore> expected, IReadOnlyList<ContinuationScore> found, double tolerance)
    {
        Assert.Equal(expected.Count, found.Count);
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.Equal(expected[i].TokenLogProbs.Count, found[i].TokenLogProbs.Count);
            foreach (var (a, b) in expected[i].TokenLogProbs.Zip(found[i].TokenLogProbs)) Assert.Equal(a, b, tolerance);
            Assert.Equal(expected[i].IsGreedy, found[i].IsGreedy);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(17)]
    public void One_pass_is_the_log_softmax_of_one_plain_forward_pass_whatever_shares_the_batch(int? slidingWindow)
    {
        var loaded = tiny.Model(slidingWindow);
        var encoder = PairEncoder.Of(loaded);
        for (var seed = 0; seed < 6; seed++)
        {
            var item = InventedItems.Item(seed, [.. Enumerable.Range(1, 5).Select(i => InventedItems.Text(new System.Random(seed + i), 7 * i))]);
            var scores = OnePass(item, slidingWindow, batchTokens: 300);
            for (var r = 0; r < item.Requests.Count; r++)
            {
                using var scope = NewDisposeScope();
                using var noGradients = no_grad();
                using var cache = loaded.Model.NewCache(1);
                var pair = encoder.Encode(item.Requests[r]);
                long[] ids = [.. pair.Context, .. pair.Continuation];
                var logs = loaded.Model.Logits(loaded.Model.Run(tensor(ids, 1, ids.Length), cache)[0]).to(float64).log_softmax(1);
                for (var i = 0; i < pair.Continuation.Length; i++)
                    Assert.Equal(logs[pair.Context.Length + i - 1, pair.Continuation[i]].item<double>(), scores[r].TokenLogProbs[i], 1e-4);
            }
        }
    }

    [Fact]
    public void The_most_likely_ids_are_greedy_and_another_last_id_is_not()
    {
        var loaded = tiny.Model();
        List<int> ids = [0, 400, 500, 600];
        for (var step = 0; step < 3; step++)
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            using var cache = loaded.Model.NewCache(1);
            var hidden = loaded.Model.Run(tensor([.. ids.Select(id => (long)id)], 1, ids.Count), cache)[0];
            ids.Add((int)loaded.Model.Logits(hidden.narrow(0, ids.Count - 1, 1)).argmax(1).item<long>());
        }
        var scorer = new LogLikelihoodScorer(loaded.Model, 256);

        Assert.True(scorer.Score([new EncodedPair([0, 400, 500, 600], [.. ids[4..]])], Cancel)[0].IsGreedy);
        Assert.False(scorer.Score([new EncodedPair([0, 400, 500, 600], [.. ids[4..6], ids[6] + 1])], Cancel)[0].IsGreedy);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(17)]
    public void Without_compression_the_protocol_gives_the_likelihoods_of_one_pass(int? slidingWindow)
    {
        var read = tiny.Model(slidingWindow);
        using var contexts = new CompressedContexts(read);
        var scorer = new ZeroShotScorer(read, contexts);
        for (var seed = 0; seed < 20; seed++)
        {
            var item = seed % 2 == 0 ? InventedItems.Item(seed, words: 1 + seed) : InventedItems.Item(seed, [.. Enumerable.Range(0, 2).Select(i => InventedItems.Text(new System.Random(seed + i), seed))]);

            foreach (var score in scorer.Score(item, [Row("dense"), Row("h2o", "1")], Cancel))
            {
                Near(OnePass(item, slidingWindow), score.Requests, 1e-3);
                Assert.Equal((0, 1.0), (score.Caches.CompressedItems, score.Caches.RatioEffective));
            }
        }
    }

    [Fact]
    public void Shuffled_choices_give_the_same_likelihoods_in_another_order()
    {
        var read = tiny.Model();
        using var contexts = new CompressedContexts(read);
        var scorer = new ZeroShotScorer(read, contexts);
        BenchmarkRow[] rows = [Row("dense"), .. Methods.Select(method => Row(method))];
        int[] order = [2, 0, 3, 1];
        for (var seed = 0; seed < 4; seed++)
        {
            var item = InventedItems.Item(seed, words: 25, choices: 4);
            var shuffled = item with { Requests = [.. order.Select(i => item.Requests[i])], Choices = [.. order.Select(i => item.Choices[i])] };
            var (plain, other) = (scorer.Score(item, rows, Cancel), scorer.Score(shuffled, rows, Cancel));
            for (var r = 0; r < rows.Length; r++) Near([.. order.Select(i => plain[r].Requests[i])], other[r].Requests, 1e-5);
        }
    }

    [Fact]
    public void A_row_is_scored_over_its_compressed_cache_with_the_last_context_id_held_back()
    {
        var loaded = tiny.Model();
        using var contexts = new CompressedContexts(loaded);
        var scorer = new ZeroShotScorer(loaded, contexts);
        var item = InventedItems.Item(3, words: 40, choices: 3);
        BenchmarkRow[] rows = [.. Methods.Select(method => Row(method, "4"))];
        var encoder = PairEncoder.Of(loaded);
        var scores = scorer.Score(item, rows, Cancel);
        for (var r = 0; r < rows.Length; r++)
            for (var c = 0; c < 3; c++)
            {
                using var scope = NewDisposeScope();
                using var noGradients = no_grad();
                using var compressor = rows[r].Method.Create();
                var pair = encoder.Encode(item.Requests[c]);
                using var prompts = PromptCompression.Run(loaded.Model, pair.Context[..^1].Select(id => (long)id).ToArray(), [new CompressionJob(compressor, Ratio.Of(4))], loaded.Tokenizer, Cancel);
                long[] ids = [pair.Context[^1], .. pair.Continuation];
                // One id after the other, each appended, as a generation would go.
                for (var i = 0; i + 1 < ids.Length; i++)
                {
                    var logs = loaded.Model.Logits(loaded.Model.Run(tensor([ids[i]], 1, 1), prompts.Jobs[0].Cache)[0]).to(float64).log_softmax(1);
                    Assert.Equal(logs[0, ids[i + 1]].item<double>(), scores[r].Requests[c].TokenLogProbs[i], 1e-3);
                }
                var tally = scores[r].Caches;
                Assert.Equal((1, 1, 1, pair.Context.Length - 1L), (tally.Items, tally.CompressedItems, tally.Contexts, tally.Tokens));
                Assert.Equal((prompts.Jobs[0].Slots, 3L * 2 * tally.Tokens), (tally.KeptEntries, tally.FullEntries));
                Assert.True(tally.IsCompressed);
            }
    }

    [Fact]
    public void An_answer_of_one_id_reads_the_compressed_cache_too()
    {
        var read = tiny.Model();
        using var contexts = new CompressedContexts(read);
        var scorer = new ZeroShotScorer(read, contexts);
        var item = InventedItems.Item(5, words: 40, choices: 2);
        item = item with { Requests = [.. item.Requests.Select(request => request with { Continuation = " the" })] };

        var scores = scorer.Score(item, [Row("dense"), Row("streaming:sinks=1", "8")], Cancel);

        Assert.Single(scores[1].Requests[0].TokenLogProbs);
        Assert.True(Math.Abs(scores[0].Requests[0].LogLikelihood - scores[1].Requests[0].LogLikelihood) > 1e-3);
    }

    [Fact]
    public void Each_of_two_contexts_has_its_own_caches()
    {
        var read = tiny.Model();
        using var contexts = new CompressedContexts(read);
        var scorer = new ZeroShotScorer(read, contexts);
        var item = InventedItems.Item(8, [InventedItems.Text(new System.Random(1), 20), InventedItems.Text(new System.Random(2), 30)]);
        var row = Row("streaming:sinks=2");

        var both = scorer.Score(item, [row], Cancel)[0];
        var alone = item.Requests.Select((request, i) => scorer.Score(item with { Requests = [request], Choices = [item.Choices[i]] }, [row], Cancel)[0]).ToList();

        Near([.. alone.Select(score => score.Requests[0])], both.Requests, 1e-5);
        Assert.Equal((2, alone.Sum(score => score.Caches.Tokens), alone.Sum(score => score.Caches.KeptEntries)), (both.Caches.Contexts, both.Caches.Tokens, both.Caches.KeptEntries));
        Assert.Equal((1, 1), (both.Caches.Items, both.Caches.CompressedItems));
    }

    [Theory]
    [InlineData("mean", 2)]
    [InlineData("snapkv", 6)]
    [InlineData("snapkv", 0)]
    [InlineData("kvzip", 0)]
    [InlineData("streaming", 1)]
    public void A_context_of_which_nothing_is_compressed_is_scored_on_the_full_cache_and_counted_so(string method, int words)
    {
        var read = tiny.Model();
        using var contexts = new CompressedContexts(read);
        var scorer = new ZeroShotScorer(read, contexts);
        var item = InventedItems.Item(9, [.. Enumerable.Repeat(words == 0 ? "" : InventedItems.Text(new System.Random(4), words), 2)]);

        var scores = scorer.Score(item, [Row(method), Row("dense")], Cancel);

        Near(scores[1].Requests, scores[0].Requests, 0);
        Near(OnePass(item), scores[0].Requests, 1e-3);
        Assert.Equal(scores[1].Caches, scores[0].Caches);
        Assert.False(scores[0].Caches.IsCompressed);
        if (words == 0) Assert.Equal(0, scores[0].Caches.Tokens);
    }

    [Theory]
    [InlineData("snapkv", 32, true)]
    [InlineData("snapkv", 33, false)]
    [InlineData("snapkv:observe=8", 9, false)]
    [InlineData("snapkv:observe=n/2", 10, false)]
    [InlineData("pyramidkv", 20, true)]
    [InlineData("adakv", 32, true)]
    [InlineData("h2o", 5, false)]
    public void Methods_that_observe_the_end_of_a_prompt_leave_it_whole_where_their_window_covers_it(string method, int tokens, bool whole) => Assert.Equal(whole, Row(method).LeavesWhole(tokens));

    [Fact]
    public void A_context_that_is_too_long_loses_its_beginning()
    {
        var read = tiny.Model();
        using var contexts = new CompressedContexts(read);
        var scorer = new ZeroShotScorer(read, contexts, maxLength: 24);
        var item = InventedItems.Item(2, words: 60, choices: 3);

        var scores = scorer.Score(item, [Row("dense"), Row("streaming:sinks=1")], Cancel);

        Near(OnePass(item, maxLength: 24), scores[0].Requests, 1e-3);
        Assert.True(scores[1].Caches.Tokens < 24 * 3);
        var long_ = item with { Requests = [new ZeroShotRequest("So", " " + InventedItems.Text(new System.Random(3), 60))], Choices = ["x"], Gold = 0 };
        Assert.Contains("at most the 24 ids", Assert.Throws<DataException>(() => scorer.Score(long_, [Row("dense")], Cancel)).Message);
    }

    [Fact]
    public void A_learned_method_without_weights_says_so()
    {
        var read = tiny.Model();
        using var contexts = new CompressedContexts(read);
        var scorer = new ZeroShotScorer(read, contexts);

        Assert.Contains("no sidecar", contexts.Missing(Row("lst")));
        Assert.Null(contexts.Missing(Row("dense")));
        Assert.Null(contexts.Missing(Row("h2o")));
    }

    [Fact]
    public void A_cancelled_item_stops() => Assert.Throws<OperationCanceledException>(() =>
    {
        var read = tiny.Model();
        using var contexts = new CompressedContexts(read);
        var scorer = new ZeroShotScorer(read, contexts);
        scorer.Score(InventedItems.Item(1), [Row("h2o")], new CancellationToken(canceled: true));
    });

    [Fact]
    public void No_tensor_is_left_over()
    {
        var read = tiny.Model();
        using var contexts = new CompressedContexts(read);
        var scorer = new ZeroShotScorer(read, contexts);
        BenchmarkRow[] rows = [Row("dense"), .. Methods.Select(method => Row(method))];
        scorer.Score(InventedItems.Item(1), rows, Cancel);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        scorer.Score(InventedItems.Item(2), rows, Cancel);
        OnePass(InventedItems.Item(2));

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
