using System.Globalization;
using System.Text.Json;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Cli.Tests;

/// <summary><c>./lst eval zeroshot --tasks wikitext</c>: the rolling perplexity of lm-evaluation-harness.</summary>
public sealed class RollingCommandTests : IDisposable
{
    private const string Pages = " \n = One = \n \n The method returns the number of elements in the list . \n = Two = \n \n The list is empty . \n = Three = \n \n A value . \n";

    private readonly CliRun cli = new();

    [Fact]
    public void The_table_has_the_numbers_of_the_harness()
    {
        var set = Shared.Require("goldens/hf-eval");
        var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(set, "tiny/results.json"))).RootElement.GetProperty("results").GetProperty("wikitext");

        var result = cli.Run("eval", "zeroshot", "--tasks", "wikitext", "--model", Path.Combine(set, "tiny-model"), "--items", Path.Combine(set, "texts.jsonl"), "--methods", "dense", "--out", cli.At("lines"));

        Assert.True(result.ExitCode == 0, result.Error);
        var cells = Rows(result.Output)[^1];
        Assert.Equal(["wikitext", "3"], cells[..2]);
        foreach (var (name, cell) in new[] { "word_perplexity", "byte_perplexity", "bits_per_byte" }.Zip(cells[^3..]))
            Assert.Equal(1, double.Parse(cell, CultureInfo.InvariantCulture) / expected.GetProperty(name).GetDouble(), 1e-3);
    }

    [Fact]
    public void Documents_are_scored_once_stand_beside_other_tasks_and_are_cut_into_shards()
    {
        string[] line = ["eval", "zeroshot", "--tasks", "wikitext", "--items", cli.Write("wiki.raw", Pages), "--methods", "dense", "--out"];
        var copa = cli.Write("copa.jsonl", """{"id":1,"query":"The man ran to the bus, because","choices":["it rained.","he was late."],"gold":1}""");

        var first = cli.Run([.. line, cli.At("whole")]);
        foreach (var shard in new[] { "2/2", "1/2" }) Assert.Equal(0, cli.Run([.. line, cli.At("parts"), "--shard", shard]).ExitCode);
        Assert.Equal(0, cli.Run("items", "merge", cli.At("parts"), "--out", cli.At("merged")).ExitCode);
        var bytes = File.ReadAllText(cli.At("whole/wikitext.jsonl"));
        var again = cli.Run([.. line, cli.At("whole")]);
        var beside = cli.Run("eval", "zeroshot", "--tasks", "copa", "--items", copa, "--methods", "streaming", "--ratios", "2", "--out", cli.At("whole"));

        Assert.True((first.ExitCode, again.ExitCode, beside.ExitCode) == (0, 0, 0), first.Error + beside.Error);
        Assert.Contains("\"mode\": \"rolling\"", File.ReadAllText(Directory.GetFiles(Path.Combine(cli.Results, "items")).Single(file => File.ReadAllText(file).Contains("wikitext", StringComparison.Ordinal))), StringComparison.Ordinal);
        Assert.Equal(["0", "1", "2"], ItemFolder.Read(cli.At("merged")).Select(item => item.ItemId));
        Assert.Equal(bytes, File.ReadAllText(cli.At("merged/wikitext.jsonl")));
        Assert.Equal(bytes, File.ReadAllText(cli.At("whole/wikitext.jsonl")));
        Assert.Equal(TableOutput.Of(first.Output), TableOutput.Of(again.Output));
        Assert.Equal(TableOutput.Of(first.Output), cli.Run("items", "table", cli.At("merged")).Output);
        Assert.Equal(Rows(first.Output)[^1], Rows(beside.Output)[^1]);
        Assert.Equal(TableOutput.Of(beside.Output), cli.Run("items", "table", cli.At("whole")).Output);
    }

    [Theory]
    [InlineData("task 'wikitext' is scored in windows that read no cache, so that dense is its only row; give --methods dense")]
    [InlineData("method 'h2o:recent=0': task 'wikitext'", "--methods", "dense,h2o:recent=0")]
    [InlineData("--shots 2: task 'wikitext' has documents and no examples", "--methods", "dense", "--shots", "2")]
    [InlineData("a file holds the items of one task, but 2 are named", "--methods", "dense", "--tasks", "wikitext,copa")]
    public void What_windows_do_not_have_is_refused(string sentence, params string[] arguments) =>
        cli.Refuses(2, [sentence], ["eval", "zeroshot", .. arguments.Contains("--tasks") ? (string[])[] : ["--tasks", "wikitext"], "--items", cli.Write("wiki.raw", Pages), .. arguments]);

    public void Dispose() => cli.Dispose();

    private static List<string[]> Rows(string table) => [.. table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(cells => cells.Length > 0)];
}
