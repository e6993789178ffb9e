using System.Text.Json;
using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Benchmarks.ZeroShot.Rolling;
using LST.Evaluation.Tests.Analysis;
using LST.Evaluation.Tests.Benchmarks.Items;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Benchmarks.Runs;

/// <summary>The task wikitext: a line a document, whose sums are what lm-evaluation-harness reports.</summary>
public sealed class RollingBenchmarkTests(TinyPrompt tiny) : IClassFixture<TinyPrompt>, IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Lines_and_their_sums_are_those_of_the_harness()
    {
        var set = Shared.Require("goldens/hf-eval");
        using var loaded = LoadedModel.Open(Path.Combine(set, "tiny-model"), float32, cancel: TestContext.Current.CancellationToken);
        JsonElement[] rows = [.. File.ReadLines(Path.Combine(set, "tiny/wikitext.jsonl")).Select(row => JsonDocument.Parse(row).RootElement)];
        var totals = JsonDocument.Parse(File.ReadAllText(Path.Combine(set, "tiny/results.json"))).RootElement.GetProperty("results").GetProperty("wikitext");

        var lines = Run(loaded, RollingItems.Read(Path.Combine(set, "texts.jsonl")));

        Assert.Equal(rows.Length, lines.Count);
        foreach (var (line, row) in lines.Zip(rows))
        {
            var expected = row.GetProperty("loglik").GetDouble();
            Assert.Equal(expected, Assert.Single(line.Loglik!), 1e-3 + (1e-5 * Math.Abs(expected)));
            Assert.Equal((row.GetProperty("words").GetInt32(), row.GetProperty("bytes").GetInt32()), (RollingBenchmark.Number(line, "words"), RollingBenchmark.Number(line, "bytes")));
            Assert.Equal((row.GetProperty("ids").GetArrayLength(), row.GetProperty("windows").GetArrayLength()), (RollingBenchmark.Number(line, "tokens"), RollingBenchmark.Number(line, "windows")));
            Assert.Equal(row.GetProperty("bits_per_byte").GetDouble(), line.Score, 1e-3);
        }
        var scores = RollingBenchmark.ScoresOf(lines);
        foreach (var (name, found) in new[] { ("word_perplexity", scores.WordPerplexity), ("byte_perplexity", scores.BytePerplexity), ("bits_per_byte", scores.BitsPerByte) })
            Assert.Equal(1, found / totals.GetProperty(name).GetDouble(), 1e-3);
    }

    [Fact]
    public void A_document_is_a_line_and_rows_of_methods_are_refused()
    {
        var task = new RollingBenchmark(new RollingPerplexity(tiny.Model(), maxLength: 16), [" = One = \n A quick river . \n", " = Two = \n y \n"]);

        var lines = task.Score(1, [new BenchmarkRow(MethodSpec.Parse("dense"), Ratio.One)], TestContext.Current.CancellationToken);

        Assert.Equal(("wikitext", "1", 1L, "rolling", 0L), (lines[0].Task, lines[0].ItemId, lines[0].ItemIndex, lines[0].Mode, lines[0].KvEntriesFull));
        Assert.Equal(-lines[0].Loglik!.Sum() / (RollingBenchmark.Number(lines[0], "bytes") * Math.Log(2)), lines[0].Score, 1e-12);
        var refused = Assert.Throws<UsageException>(() => task.Score(0, [new BenchmarkRow(MethodSpec.Parse("h2o"), Ratio.Of(2))], TestContext.Current.CancellationToken));
        Assert.Contains("method 'h2o': task 'wikitext' is scored in windows that read no cache", refused.Message);
    }

    [Fact]
    public void Without_BOS_a_document_has_one_id_less_and_its_line_says_so()
    {
        ItemLine Line(bool adds) => new RollingBenchmark(new RollingPerplexity(tiny.Model(), PairEncoder.Of(tiny.Model(), addPrefix: adds), maxLength: 16), [" = Two = \n y \n"])
            .Score(0, [new BenchmarkRow(MethodSpec.Parse("dense"), Ratio.One)], TestContext.Current.CancellationToken)[0];
        var (with, without) = (Line(true), Line(false));

        Assert.Equal(RollingBenchmark.Number(with, "tokens") - 1, RollingBenchmark.Number(without, "tokens"));
        Assert.Equal(("bos", "no-bos"), (with.ParityFlags.Single(), without.ParityFlags.Single()));
    }

    [Fact]
    public void Raw_files_and_lines_with_pages_give_the_same_documents()
    {
        const string one = " = One = \n \n A quick river . \n", two = " = Two = \n y \n";

        var raw = RollingItems.Read(folder.Write("wiki.raw", $" \n{one}\n{two}"));
        var lines = RollingItems.Read(folder.Write("wiki.jsonl", $"{JsonSerializer.Serialize(new { page = one })}\n\n{JsonSerializer.Serialize(new { page = two })}\n"));

        Assert.Equal([one, two], raw.Pages);
        Assert.Equal(raw.Pages, lines.Pages);
        Assert.Equal("file wiki.raw", raw.Source);
        Assert.NotEqual(raw.Sha256, lines.Sha256);
    }

    [Theory]
    [InlineData(" \n \n", "at least one document")]
    [InlineData("{\"page\": \"x\"}\n{\"text\": \"x\"}\n", "file x line 2 has to be an object with the text 'page'")]
    [InlineData("{\"page\": \"\"}", "file x line 1")]
    [InlineData("{\"page\": \"x", "file x line 1")]
    public void Files_without_documents_are_refused(string content, string phrase) =>
        Assert.Contains(phrase, Assert.Throws<DataException>(() => RollingItems.Read(folder.Write("x", content))).Message);

    [Fact]
    public void A_line_without_its_words_is_refused() =>
        Assert.Contains("must say the number of its words", Assert.Throws<DataException>(() => RollingBenchmark.ScoresOf([ExampleLines.Line(0, new ItemRow("dense", 1)) with { Loglik = [-1] }])).Message);

    private IReadOnlyList<ItemLine> Run(LoadedModel loaded, RollingItems items)
    {
        using var contexts = new CompressedContexts(loaded);
        var settings = new BenchmarkSettings { Methods = MethodSpec.ParseList("dense"), Ratios = [Ratio.Of(2)] };
        new BenchmarkRun(settings, contexts).Run([new RollingBenchmark(new RollingPerplexity(loaded), items.Pages)], ItemFolder.Open(folder.File("run"), ExampleLines.Manifest("dense")), cancel: TestContext.Current.CancellationToken);
        return ItemFolder.Read(folder.File("run"));
    }
}
