using System.Text.Json;
using LST.Core.Text;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Ruler;

namespace LST.Cli.Tests;

/// <summary>Benchmarks over a file of items that is given by name.</summary>
public sealed class BenchmarkItemsTests : IDisposable
{
    private const string Needle =
        "{\"task\": \"niah_single_1\", \"input\": \"A special magic number is hidden within the following text. Make sure to memorize it. I will quiz you about the number afterwards.\\nThe grass is green. " +
        "One of the special magic numbers for red-fox is: 7431. The sky is blue.\\nWhat is the special magic number for red-fox mentioned in the provided text?\", " +
        "\"answer_prefix\": \" The special magic number for red-fox mentioned in the provided text is\", \"outputs\": [\"7431\"]}";

    private readonly CliRun cli = new();

    [Fact]
    public void Samples_of_RULER_from_a_file_are_scored_as_those_that_are_made()
    {
        string[] rows = ["--methods", "streaming", "--ratios", "2", "--limit", "2", "--out"];
        var file = cli.Write("samples.jsonl", string.Join('\n', [.. Made("vt", 320, 3), Needle]));

        var made = cli.Run(["eval", "ruler", "--tasks", "vt", "--variant", "short", "--lengths", "320", .. rows, cli.At("made")]);
        var read = cli.Run(["eval", "ruler", "--items", file, .. rows, cli.At("read")]);

        Assert.True((made.ExitCode, read.ExitCode) == (0, 0), made.Error + read.Error);
        var (expected, found) = (ItemFolder.Read(cli.At("made")), ItemFolder.Read(cli.At("read")));
        Assert.Equal(["3", "3"], found.Where(line => line.Task == "niah_single_1").Select(line => line.ItemId));
        found = [.. found.Where(line => line.Task == "vt")];
        Assert.Equal(["0", "0", "1", "1"], found.Select(line => line.ItemId));
        Assert.Equal(expected.Select(Scored), found.Select(Scored));
        // The lines of a task are there already; made samples are none of this file's.
        Assert.Equal(TableOutput.Of(read.Output), TableOutput.Of(cli.Run(["eval", "ruler", "--items", file, "--tasks", "vt", .. rows, cli.At("read")]).Output));
        cli.Refuses(2, ["settings.samples"], ["eval", "ruler", "--tasks", "vt", "--variant", "short", "--lengths", "320", .. rows, cli.At("read")]);

        static object Scored(ItemLine line) => (line.ItemIndex, line.Row, line.Prediction, line.Gold!.ToJsonString(), line.Score, line.TokensCtx, line.KvEntriesKept);
    }

    [Fact]
    public void What_a_file_says_of_its_samples_is_kept_and_a_limit_is_one_of_each_length()
    {
        string Line(int length, string further = "") => Needle[..^1] + $", \"max_seq_length\": {length}{further}}}";
        var file = cli.Write("samples.jsonl", string.Join('\n', [Line(256), Line(256), Line(512), Line(512, ", \"variant\": \"essay_step_25\", \"tokens_to_generate\": 1")]));

        var result = cli.Run("eval", "ruler", "--items", file, "--methods", "dense", "--limit", "1", "--out", cli.At("read"));

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal([("0", 256, null, 0L), ("2", 512, null, 0), ("3", 512, "essay_step_25", 0)], ItemFolder.Read(cli.At("read")).Select(line => (line.ItemId, line.Length!.Value, line.Variant, line.ItemIndex)));
        Assert.InRange(ItemFolder.Read(cli.At("read"))[^1].Prediction!.Length, 0, 12);
        cli.Refuses(1, ["its max_seq_length is no positive whole number"], "eval", "ruler", "--items", cli.Write("wrong.jsonl", Line(-1)));
        cli.Refuses(2, ["'long' is no variant"], "eval", "ruler", "--items", cli.Write("wrong.jsonl", Line(256, ", \"variant\": \"long\"")));
    }

    [Theory]
    [InlineData("--lengths 512: the samples of --items are taken as they are", "--lengths", "512")]
    [InlineData("--variant short: the samples of --items are taken as they are", "--variant", "short")]
    [InlineData("--data-seed 1: the samples of --items are taken as they are", "--data-seed", "1")]
    [InlineData("--tasks cwe: 'samples.jsonl' has no sample of it, but of niah_single_1", "--tasks", "niah_single_1,cwe")]
    public void What_means_nothing_beside_a_file_of_samples_is_refused(string sentence, params string[] arguments) =>
        cli.Refuses(2, [sentence], ["eval", "ruler", "--items", cli.Write("samples.jsonl", Needle), .. arguments]);

    [Fact]
    public void Samples_that_cannot_be_read_or_do_not_fit_the_model_are_refused()
    {
        var wide = Needle.Replace("The grass is green.", string.Concat(Enumerable.Repeat("The grass is green. ", 500)), StringComparison.Ordinal);

        cli.Refuses(1, ["cut.jsonl, line 2: a sample of RULER is an object"], "eval", "ruler", "--items", cli.Write("cut.jsonl", Needle + "\n" + Needle[..40]));
        cli.Refuses(1, ["wide.jsonl, sample 1: prompt and answer must fit into the 2048 positions that model 'lst-ref' was trained on"], "eval", "ruler", "--items", cli.Write("wide.jsonl", Needle + "\n" + wide));
    }

    [Theory]
    [InlineData("recall")]
    [InlineData("ruler")]
    [InlineData("zeroshot", "--tasks", "piqa")]
    public void A_file_of_items_that_is_not_there_is_refused(string benchmark, params string[] arguments)
    {
        cli.Refuses(1, ["--items 'nope.jsonl': it must be a file, but there is none of that name"], ["eval", benchmark, "--items", "nope.jsonl", .. arguments]);
        cli.Refuses(1, ["it must be a file, but it is a folder"], ["eval", benchmark, "--items", cli.Folder, .. arguments]);
    }

    [Fact]
    public void Items_of_a_task_from_a_file_are_those_of_a_data_folder()
    {
        var file = cli.Write("data/zeroshot/copa.jsonl", """{"id":1,"query":"The man ran to the bus, because","choices":["it rained.","he was late."],"gold":1}""" + "\n" + """{"id":2,"query":"The list was empty, therefore","choices":["the method returned.","the sun rose."],"gold":0}""");
        string[] line = ["eval", "zeroshot", "--tasks", "copa", "--methods", "streaming", "--ratios", "2", "--out"];

        var named = cli.Run([.. line, cli.At("named"), "--items", file]);
        cli.Set("LST_DATA", cli.At("data"));
        var found = cli.Run([.. line, cli.At("found")]);

        Assert.True((named.ExitCode, found.ExitCode) == (0, 0), named.Error + found.Error);
        Assert.Equal(4, ItemFolder.Read(cli.At("named")).Count);
        foreach (var name in new[] { "copa.jsonl", "run.json" }) Assert.Equal(File.ReadAllText(cli.At($"found/{name}")), File.ReadAllText(cli.At($"named/{name}")));
    }

    [Theory]
    [InlineData(2, "a file holds the items of one task, but none is named; give one name to --tasks")]
    [InlineData(2, "a file holds the items of one task, but 2 are named; give one name to --tasks", "--tasks", "copa,piqa")]
    [InlineData(1, "items.jsonl line 1, an item of task 'piqa'", "--tasks", "piqa")]
    public void A_file_of_items_is_of_one_task(int exitCode, string sentence, params string[] arguments) =>
        cli.Refuses(exitCode, [sentence], ["eval", "zeroshot", "--items", cli.Write("items.jsonl", """{"id":1,"query":"The man ran, because","choices":["it rained.","he won."],"gold":0}"""), .. arguments]);

    public void Dispose() => cli.Dispose();

    // Lines as RULER writes them.
    private static IEnumerable<string> Made(string name, int length, int count)
    {
        var task = RulerTasks.Find(name);
        var tokenizer = TokenizerFiles.ForFolder(Path.Combine(Shared.RepositoryRoot, "data", "models", "lst-ref"));
        foreach (var sample in RulerSequence.Samples(new RulerSettings(task, length, Variant: RulerVariants.Of(task)[^1]), text => tokenizer.Encode(text).Length, RulerData.FromEnvironment(), TestContext.Current.CancellationToken).Take(count))
            yield return JsonSerializer.Serialize(new { task = name, index = sample.Index, input = sample.Input, answer_prefix = sample.AnswerPrefix, outputs = sample.Outputs, length = sample.Length });
    }
}
