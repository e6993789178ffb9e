using LST.Core.Compression;
using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Recall;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Tests.Benchmarks.Items;
using LST.Evaluation.Tests.Perplexity;

namespace LST.Evaluation.Tests.Benchmarks.Runs;

/// <summary>Runs over the model that ships: what is stopped goes on to the same bytes, shards are the whole, and dense rows are what the model itself says.</summary>
public sealed class BenchmarkRunTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private const int Items = 5;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Facts in a hundred words of filler.
    private static readonly RecallLine[] Lines = [.. Enumerable.Range(0, Items).Select(i => new RecallLine($"A-{i}", "A", "number", 1, 120,
        $"{string.Join(' ', Enumerable.Repeat("The method returns a value that was read before.", 4 + i))} The access code of the red-{i} archive is {7 + i}31{i}. {string.Join(' ', Enumerable.Repeat("The list has no elements.", 6))}",
        $"\nQuestion: What is the access code of the red-{i} archive?\nAnswer: The access code of the red-{i} archive is ", $"{7 + i}31{i}"))];

    private static BenchmarkSettings Settings(string shard = "1/1", string methods = "streaming,h2o:recent=n/2") => new()
    {
        Methods = MethodSpec.ParseList(methods), Ratios = [Ratio.Of(2), Ratio.Of(4)], Shard = Shard.Parse(shard),
    };

    private void Run(string folder, BenchmarkSettings settings, int stopBehind = int.MaxValue, CompressionMode mode = CompressionMode.QueryAgnostic)
    {
        using var contexts = new CompressedContexts(reference.Loaded);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var task = new Stopping(new RecallBenchmark(reference.Loaded, contexts, Lines, mode), stopBehind, source);
        var items = ItemFolder.Open(folder, ExampleLines.Manifest("dense", "streaming", "h2o:recent=n/2"));
        var run = new BenchmarkRun(settings, contexts);
        if (stopBehind < Items) Assert.ThrowsAny<OperationCanceledException>(() => run.Run([task], items, cancel: source.Token));
        else run.Run([task], items, cancel: source.Token);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_run_that_is_stopped_goes_on_to_the_same_bytes(int stopBehind)
    {
        using var folder = new TemporaryFolder();
        Run(folder.File("whole"), Settings());

        Run(folder.File("stopped"), Settings(), stopBehind);
        Assert.Equal(stopBehind * 5, File.ReadAllLines(folder.File("stopped/recall.jsonl")).Length);
        Run(folder.File("stopped"), Settings());

        Assert.Equal(File.ReadAllBytes(folder.File("whole/recall.jsonl")), File.ReadAllBytes(folder.File("stopped/recall.jsonl")));
    }

    [Fact]
    public void Shards_merged_are_the_whole_run()
    {
        using var folder = new TemporaryFolder();
        Run(folder.File("whole"), Settings());
        foreach (var part in new[] { "2/2", "1/2" }) Run(folder.File("parts"), Settings(part));

        ItemMerge.Into(folder.File("merged"), [folder.File("parts")]);

        Assert.Equal(File.ReadAllBytes(folder.File("whole/recall.jsonl")), File.ReadAllBytes(folder.File("merged/recall.jsonl")));
    }

    [Fact]
    public void A_further_method_scores_only_what_is_missing()
    {
        using var folder = new TemporaryFolder();
        Run(folder.File("run"), Settings(methods: "streaming"));
        var before = File.ReadAllText(folder.File("run/recall.jsonl"));

        Run(folder.File("run"), Settings());

        Assert.StartsWith(before, File.ReadAllText(folder.File("run/recall.jsonl")), StringComparison.Ordinal);
        Assert.Equal(Items * 5, ItemFolder.Read(folder.File("run")).Count);
    }

    [Theory]
    [InlineData(CompressionMode.QueryAgnostic)]
    [InlineData(CompressionMode.QueryAware)]
    public void Dense_rows_are_those_of_one_pass_over_everything(CompressionMode mode)
    {
        using var folder = new TemporaryFolder();
        Run(folder.File("run"), Settings(), mode: mode);

        foreach (var line in ItemFolder.Read(folder.File("run")).Where(line => line.Method == "dense"))
        {
            var ids = RecallIds.Of(Lines[line.ItemIndex], reference.Loaded.Tokenizer, reference.Loaded.BosId);
            using var cache = reference.Model.NewCache(1);
            var losses = LST.Evaluation.Perplexity.ContinuationScorer.Score(reference.Model, cache, ids.Ids.AsSpan(0, ids.Ids.Length - 1), ids.Ids.AsSpan(1), Cancel);
            foreach (var (loss, found) in losses[(ids.AnswerStart - 1)..].Zip(line.Loglik!)) Assert.Equal(-loss, found, 1e-3);
            Assert.Equal(1, line.RatioEffective);
            Assert.Equal(mode == CompressionMode.QueryAware ? ids.AnswerStart : ids.ContextTokens, line.TokensCtx);
        }
    }

    [Fact]
    public void No_row_keeps_more_than_its_ratio_allows()
    {
        using var folder = new TemporaryFolder();
        Run(folder.File("run"), Settings());

        foreach (var line in ItemFolder.Read(folder.File("run")).Where(line => line.Method != "dense"))
        {
            Assert.True(line.IsCompressed);
            Assert.True(line.RatioEffective >= line.RatioRequested, $"{line.Key}: {line.RatioEffective}");
        }
    }

    /// <summary>A task that is cancelled behind so many items.</summary>
    private sealed class Stopping(IBenchmarkTask task, int behind, CancellationTokenSource source) : IBenchmarkTask
    {
        private int scored;

        public string Name => task.Name;

        public int Count => task.Count;

        public string ItemId(int index) => task.ItemId(index);

        public IReadOnlyList<ItemLine> Score(int index, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel)
        {
            var lines = task.Score(index, rows, CancellationToken.None);
            if (++scored == behind) source.Cancel();
            return lines;
        }
    }
}
