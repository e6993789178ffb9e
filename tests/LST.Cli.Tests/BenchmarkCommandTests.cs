using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Records;

namespace LST.Cli.Tests;

/// <summary>Benchmarks from the command line: lines that are there are not scored again, wrong usage is one sentence.</summary>
public sealed class BenchmarkCommandTests : IDisposable
{
    private readonly CliRun cli = new();

    [Fact]
    public void Recall_writes_a_line_for_each_item_and_row_and_the_same_line_again_scores_nothing()
    {
        var items = InventedRecall.Write(cli, 3);
        string[] line = ["eval", "recall", "--items", items, "--methods", "streaming,mean", "--ratios", "2", "--out", cli.At("lines")];

        var first = cli.Run(line);
        var bytes = File.ReadAllBytes(cli.At("lines/recall.jsonl"));
        var again = cli.Run(line);

        Assert.Equal((0, 0), (first.ExitCode, again.ExitCode));
        Assert.Equal(9, File.ReadAllLines(cli.At("lines/recall.jsonl")).Length);
        Assert.Equal(bytes, File.ReadAllBytes(cli.At("lines/recall.jsonl")));
        Assert.Equal(TableOutput.Of(first.Output), TableOutput.Of(again.Output));
        Assert.Equal(TableOutput.Of(first.Output), cli.Run("items", "table", cli.At("lines")).Output);
        Assert.Equal(2, cli.Run([.. line, "--dtype", "bfloat16"]).ExitCode);
        // The record of the first run is that of the second, which scored nothing.
        var record = RecordStore.Read<BenchmarkRecord>(Assert.Single(Directory.GetFiles(cli.At("results"), "recall-*.json", SearchOption.AllDirectories)));
        Assert.Equal(["dense at 1:1", "mean at 2:1", "streaming at 2:1"], record.Cells.Single().Rows.Select(row => row.Row.ToString()));
        Assert.Equal([0, 1, 2], record.Cells.Single().Items.All);
        Assert.Single(record.ScoredBy);
        Assert.All(record.Cells.Single().Rows, row => Assert.Equal(ItemFolder.Read(cli.At("lines")).Where(item => item.Row == row.Row).Select(item => item.Score), row.Scores["score"].Values));
    }

    [Fact]
    public void Three_shards_merged_are_the_whole_run_byte_for_byte()
    {
        string[] line = ["eval", "recall", "--items", InventedRecall.Write(cli, 5), "--methods", "streaming,h2o", "--ratios", "2,4", "--out"];
        Assert.Equal(0, cli.Run([.. line, cli.At("whole")]).ExitCode);

        // Shards may share a folder.
        foreach (var (shard, folder) in new[] { ("3/3", "one"), ("1/3", "two"), ("2/3", "two") }) Assert.Equal(0, cli.Run([.. line, cli.At(folder), "--shard", shard]).ExitCode);
        var merged = cli.Run("items", "merge", cli.At("one"), cli.At("two"), "--out", cli.At("merged"));

        Assert.Equal((0, "recall: 25 lines\n"), (merged.ExitCode, merged.Output));
        foreach (var file in new[] { "recall.jsonl", "run.json" }) Assert.Equal(File.ReadAllText(cli.At($"whole/{file}")), File.ReadAllText(cli.At($"merged/{file}")));
        Assert.Equal(cli.Run("items", "table", cli.At("whole")).Output, cli.Run("items", "table", cli.At("merged")).Output);
    }

    [Fact]
    public void Samples_of_RULER_that_cannot_be_made_are_counted_in_the_last_line_and_where_there_are_none_it_fails()
    {
        string[] line = ["eval", "ruler", "--tasks", "vt", "--variant", "short", "--methods", "streaming", "--ratios", "2", "--limit", "1", "--out", cli.At("lines")];

        cli.Run([.. line, "--lengths", "64,128"]).FailsWith(1, "None of the 2 pairs of task and length that were asked for can be made; the first: RULER's vt (no_example) at 64 can never be made");
        cli.Run([.. line, "--lengths", "64"]).FailsWith(1, "RULER's vt (no_example) at 64 can never be made");
        var some = cli.Run([.. line, "--lengths", "64,128,320"]);
        var all = cli.Run([.. line, "--lengths", "320"]);

        Assert.Equal((0, 0), (some.ExitCode, all.ExitCode));
        Assert.StartsWith("RULER's vt (no_example) at 64 can never be made", some.Output);
        Assert.EndsWith("\n2 of 3 pairs of task and length have no samples here, or fewer than asked for; the sentences above the table say why\n", some.Output);
        Assert.Equal(2, ItemFolder.Read(cli.At("lines")).Count);
        Assert.DoesNotContain("pairs of task and length", all.Output);
    }

    [Theory]
    [InlineData("task 'sums' is unknown; known tasks: recall, repeats", "recall", "--tasks", "sums")]
    [InlineData("--items 'x': repeats are made of a text and have no items", "recall", "--tasks", "repeats", "--items", "x")]
    [InlineData("--shard '3/2'", "recall", "--shard", "3/2")]
    [InlineData("'niah_9' is no task of RULER", "ruler", "--tasks", "niah_9")]
    [InlineData("--variant 'long' is unknown; known: reference, short", "ruler", "--variant", "long")]
    [InlineData("task 'mmlu' is unknown", "zeroshot", "--tasks", "mmlu")]
    [InlineData("--query-aware: a likelihood task has no question apart from its context", "zeroshot", "--query-aware")]
    [InlineData("--lengths '0'", "niah", "--lengths", "0")]
    public void Wrong_usage_is_one_sentence_and_leaves_nothing(string sentence, params string[] arguments) => cli.Refuses(2, [sentence], ["eval", .. arguments]);

    public void Dispose() => cli.Dispose();
}
