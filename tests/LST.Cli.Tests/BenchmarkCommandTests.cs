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
    public void A_shard_ends_well_while_another_writes_into_the_same_folder()
    {
        string[] line = ["eval", "recall", "--items", InventedRecall.Write(cli, 4), "--methods", "streaming", "--ratios", "2", "--out", cli.At("lines"), "--shard"];
        Assert.Equal(0, cli.Run([.. line, "2/2"]).ExitCode);
        var alone = File.ReadAllText(cli.At("lines/recall.2-of-2.jsonl"));
        using (new FileStream(cli.At("lines/recall.2-of-2.jsonl"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            var beside = cli.Run([.. line, "1/2"]);
            var table = cli.Run("items", "table", cli.At("lines"));

            Assert.True(beside.ExitCode == 0, beside.Error);
            Assert.Contains("left out, because another run is writing them: recall.2-of-2.jsonl\n", beside.Output);
            Assert.Equal(TableOutput.Of(beside.Output), table.Output);
        }
        Assert.Equal(alone, File.ReadAllText(cli.At("lines/recall.2-of-2.jsonl")));
        Assert.Equal(8, ItemFolder.Read(cli.At("lines")).Count);
    }

    [Fact]
    public void Shards_of_several_lengths_may_grow_and_are_still_the_whole_run()
    {
        string[] Line(string folder, string lengths, string limit, params string[] shard) =>
            ["eval", "ruler", "--tasks", "niah_single_1", "--variant", "short", "--lengths", lengths, "--methods", "streaming", "--ratios", "2", "--limit", limit, "--out", cli.At(folder), .. shard];
        Assert.Equal(0, cli.Run(Line("whole", "420,460", "3")).ExitCode);

        foreach (var (lengths, limit) in new[] { ("420", "2"), ("420,460", "3") })
            foreach (var shard in new[] { "2/2", "1/2" }) Assert.Equal(0, cli.Run(Line("parts", lengths, limit, "--shard", shard)).ExitCode);
        var merged = cli.Run("items", "merge", cli.At("parts"), "--out", cli.At("merged"));

        Assert.Equal((0, "niah_single_1: 12 lines\n"), (merged.ExitCode, merged.Output));
        Assert.Equal(File.ReadAllText(cli.At("whole/niah_single_1.jsonl")), File.ReadAllText(cli.At("merged/niah_single_1.jsonl")));
        Assert.Contains("each row is a mean over the lengths 420, 460;", cli.Run("items", "table", cli.At("merged")).Output);
    }

    [Fact]
    public void Repeats_may_join_a_folder_of_recall_but_not_with_other_chunks()
    {
        string[] line = ["eval", "recall", "--items", InventedRecall.Write(cli, 1), "--text", "api", "--methods", "dense", "--ratios", "2", "--limit", "1", "--out", cli.At("lines"), "--tasks"];

        Assert.Equal(0, cli.Run([.. line, "recall"]).ExitCode);
        var joined = cli.Run([.. line, "recall,repeats", "--prefix", "256", "--suffix", "160"]);

        Assert.True(joined.ExitCode == 0, joined.Error);
        Assert.Equal(["recall", "repeats"], ItemFolder.Read(cli.At("lines")).Select(item => item.Task));
        cli.Refuses(2, ["data.repeats chunks"], [.. line, "recall,repeats", "--prefix", "192", "--suffix", "160"]);
        cli.Refuses(2, ["data.repeats text"], [.. line.Select(part => part == "api" ? "books" : part), "recall,repeats", "--prefix", "256", "--suffix", "160"]);
        cli.Refuses(2, ["a chunk of 2208 ids is longer than the 2048 positions"], [.. line, "recall,repeats", "--prefix", "2048", "--suffix", "160"]);
    }

    [Fact]
    public void Recall_items_beyond_the_positions_of_a_model_are_left_out_and_counted()
    {
        var items = InventedRecall.Write(cli, 1);
        File.AppendAllText(items, File.ReadAllText(items).Replace("\"id\":\"", "\"id\":\"long-", StringComparison.Ordinal).Replace("\"context\":\"", "\"context\":\"" + new string('x', 9) + string.Concat(Enumerable.Repeat(" The sea was calm and the ship lay still.", 400)), StringComparison.Ordinal));
        string[] line = ["eval", "recall", "--methods", "dense", "--out", cli.At("lines"), "--items"];

        var some = cli.Run([.. line, items]);

        Assert.True(some.ExitCode == 0, some.Error);
        Assert.StartsWith("recall: 1 of 2 items are longer than the 2048 positions", some.Output);
        Assert.Single(ItemFolder.Read(cli.At("lines")));
        File.WriteAllText(items, File.ReadAllLines(items)[^1]);
        cli.Run([.. line, items]).FailsWith(1, "Each of the 1 recall items is longer than the 2048 positions");
    }

    [Fact]
    public void A_file_that_is_too_short_to_hold_examples_back_gives_them_itself()
    {
        var file = cli.Write("copa.jsonl", string.Join('\n', Enumerable.Range(0, 5).Select(i => $$"""{"id":{{i}},"query":"The man saw {{i}} trees, because","choices":["it rained.","he was late."],"gold":{{i % 2}}}""")));

        var run = cli.Run("eval", "zeroshot", "--tasks", "copa", "--items", file, "--shots", "2", "--methods", "streaming", "--ratios", "2", "--out", cli.At("lines"));

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("examples are other items of the file", run.Output);
        Assert.Equal(10, ItemFolder.Read(cli.At("lines")).Count);
        Assert.Contains("\"copa training\": \"the items of the file\"", File.ReadAllText(cli.At("lines/run.json")));
    }

    [Fact]
    public void Options_stand_in_lines_as_numbers_and_flags()
    {
        var run = cli.Run("eval", "recall", "--items", InventedRecall.Write(cli, 1), "--methods", "streaming,mean:log-mass=true", "--ratios", "2", "--out", cli.At("lines"));

        Assert.True(run.ExitCode == 0, run.Error);
        var lines = ItemFolder.Read(cli.At("lines"));
        Assert.Equal("4", lines.Single(item => item.Method == "streaming").Options["sinks"]!.ToJsonString());
        Assert.Equal("true", lines.Single(item => item.Method == "mean:log-mass=true").Options["log-mass"]!.ToJsonString());
    }

    [Fact]
    public void Samples_of_RULER_may_be_wrapped_as_a_chat_model_wants_them_with_any_seed_of_the_generators()
    {
        string[] line = ["eval", "ruler", "--tasks", "vt", "--variant", "short", "--lengths", "420", "--methods", "dense", "--limit", "1", "--data-seed", "4294967295", "--out"];

        var bare = cli.Run([.. line, cli.At("lines")]);
        var wrapped = cli.Run([.. line, cli.At("wrapped"), "--template", "meta-chat"]);

        Assert.True((bare.ExitCode, wrapped.ExitCode) == (0, 0), bare.Error + wrapped.Error);
        Assert.NotEqual(ItemFolder.Read(cli.At("lines")).Single().TokensCtx, ItemFolder.Read(cli.At("wrapped")).Single().TokensCtx);
        Assert.Contains("\"template\": \"meta-chat\"", File.ReadAllText(cli.At("wrapped/run.json")));
        cli.Refuses(2, ["settings.template"], [.. line, cli.At("lines"), "--template", "meta-llama3"]);
    }

    [Fact]
    public void Examples_do_not_depend_on_a_limit_and_the_folder_knows_where_they_are_from()
    {
        var file = cli.Write("copa.jsonl", string.Join('\n', Enumerable.Range(0, 104).Select(i => $$"""{"id":{{i}},"query":"The man saw {{i}} trees, because","choices":["it rained.","he was late."],"gold":{{i % 2}}}""")));
        string[] line = ["eval", "zeroshot", "--tasks", "copa", "--items", file, "--shots", "2", "--methods", "streaming", "--ratios", "2", "--out"];

        var whole = cli.Run([.. line, cli.At("whole")]);
        var some = cli.Run([.. line, cli.At("some"), "--limit", "2"]);

        Assert.True((whole.ExitCode, some.ExitCode) == (0, 0), whole.Error + some.Error);
        Assert.Contains("examples are the last 100 items of the file", whole.Output);
        var all = ItemFolder.Read(cli.At("whole")).Select(item => (item.Key, string.Join(' ', item.Loglik!), item.TokensCtx)).ToList();
        Assert.Equal(8, all.Count);
        Assert.Equal(4, ItemFolder.Read(cli.At("some")).Select(item => (item.Key, string.Join(' ', item.Loglik!), item.TokensCtx)).Intersect(all).Count());
        Assert.Contains("\"copa training\": \"the last 100 items of the file\"", File.ReadAllText(cli.At("whole/run.json")));
    }

    [Fact]
    public void A_window_of_ids_can_be_given()
    {
        var file = cli.Write("copa.jsonl", """{"id":1,"query":"The man ran and ran and ran and ran and ran to the bus, because","choices":["it rained.","he was late."],"gold":1}""");
        string[] line = ["eval", "zeroshot", "--tasks", "copa", "--items", file, "--methods", "dense", "--out", cli.At("lines")];

        var cut = cli.Run([.. line, "--max-length", "12"]);

        Assert.True(cut.ExitCode == 0, cut.Error);
        Assert.InRange(ItemFolder.Read(cli.At("lines")).Single().TokensCtx, 2, 22);
        cli.Refuses(2, ["settings.max_length is absent here and 12 there"], line);
        cli.Refuses(2, ["--max-length 5000: model 'lst-ref' was trained on 2048 positions"], [.. line, "--max-length", "5000"]);
    }

    [Fact]
    public void BOS_can_be_left_away_and_lines_and_folder_say_so()
    {
        var file = cli.Write("copa.jsonl", """{"id":1,"query":"The man ran to the bus, because","choices":["it rained.","he was late."],"gold":1}""");
        string[] line = ["eval", "zeroshot", "--tasks", "copa", "--items", file, "--methods", "streaming", "--ratios", "2", "--out"];

        var (with, without) = (cli.Run([.. line, cli.At("with")]), cli.Run([.. line, cli.At("without"), "--no-bos"]));

        Assert.True((with.ExitCode, without.ExitCode) == (0, 0), with.Error + without.Error);
        var (bos, none) = (ItemFolder.Read(cli.At("with")).OrderBy(item => item.Method, StringComparer.Ordinal).ToList(), ItemFolder.Read(cli.At("without")).OrderBy(item => item.Method, StringComparer.Ordinal).ToList());
        Assert.Equal(["bos", "bos", "no-bos", "no-bos"], bos.Concat(none).SelectMany(item => item.ParityFlags));
        foreach (var (first, second) in bos.Zip(none))
        {
            Assert.Equal(first.TokensCtx - 1, second.TokensCtx);
            Assert.NotEqual(first.Loglik![0], second.Loglik![0]);
        }
        cli.Refuses(2, ["settings.bos is absent here and false there"], [.. line, cli.At("without")]);
    }

    [Fact]
    public void Answers_of_a_model_whose_numbers_are_broken_are_no_scores()
    {
        var folder = BrokenModel.Tiny(cli, BrokenModel.TinyConfig.Replace("\"vocab_size\": 16", "\"vocab_size\": 8192").Replace("\"max_position_embeddings\": 64", "\"max_position_embeddings\": 2048"),
            weights => weights["model.norm.weight"].fill_(float.NaN));

        cli.Run("eval", "ruler", "--model", folder, "--tasks", "niah_single_1", "--lengths", "420", "--limit", "1", "--methods", "dense", "--out", cli.At("lines")).FailsWith(1, "An answer needs logits that are numbers");
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
    [InlineData("--data-seed '4294967296': it must be a whole number of at least 0 and at most 4294967295", "ruler", "--data-seed", "4294967296")]
    [InlineData("'chat' is no model template", "ruler", "--template", "chat")]
    [InlineData("--shard '3/2'", "recall", "--shard", "3/2")]
    [InlineData("'niah_9' is no task of RULER", "ruler", "--tasks", "niah_9")]
    [InlineData("--variant 'long' is unknown; known: reference, short", "ruler", "--variant", "long")]
    [InlineData("task 'mmlu' is unknown", "zeroshot", "--tasks", "mmlu")]
    [InlineData("--query-aware: a likelihood task has no question apart from its context", "zeroshot", "--query-aware")]
    [InlineData("--lengths '0'", "niah", "--lengths", "0")]
    public void Wrong_usage_is_one_sentence_and_leaves_nothing(string sentence, params string[] arguments) => cli.Refuses(2, [sentence], ["eval", .. arguments]);

    public void Dispose() => cli.Dispose();
}
