using System.Text.Json;
using LST.Core.Compression;
using LST.Evaluation;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using LST.Evaluation.Texts;

namespace LST.Cli.Tests;

public sealed class PerplexityCommandTests : IDisposable
{
    private static readonly string[] Fields =
    [
        "text", "method", "options", "ratio", "ratio_effective", "ppl", "ppl_over_dense", "ci95", "nll_by_offset", "chunks", "kept_slots_mean", "bytes_per_token",
        "dense_bytes_per_token", "parameters", "compress_ms_per_1k_tokens",
    ];

    private readonly CliRun cli = new();

    private string[] Line => ["eval", "ppl", "--text", "api", "--chunks", "2", "--prefix", "128", "--suffix", "64", "--methods", "h2o:recent=n/2,streaming", "--ratios", "2,3/2", "--json", cli.At("new/rows.json")];

    [Fact]
    public void A_run_prints_its_table_and_writes_its_record_and_its_rows()
    {
        var result = cli.Run(Line);

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("lst-ref on api, e1: P = 128, S = 64, 2 chunks, float32", result.Output);
        foreach (var row in new[] { @"dense\s+1 ", @"h2o:recent=n/2\s+1\.5 ", @"h2o:recent=n/2\s+2 ", @"streaming\s+1\.5 ", @"streaming\s+2 " }) Assert.Matches(row, result.Output);
        var record = Record();
        Assert.Contains($"record {record.Id}, peak memory ", result.Output);
        Assert.Equal(["new/rows.json", $"results/ppl/{record.Id}.json"], cli.Files());
        Assert.Equal(("api", "e1", 128, 64, 2), (record.Text.Name, record.Protocol, record.Prefix, record.Suffix, record.Chunks));
        Assert.Equal(DatasetLock.Current.Texts.Single(text => text.Name == "api").Sha256, record.Text.Sha256);
        Assert.StartsWith("./lst eval ppl --text api --chunks 2 --prefix 128 --suffix 64 --methods h2o:recent=n/2,streaming --ratios 2,3/2 --json rows.json", record.Command);
        Assert.Equal(5, record.Rows.Count);
    }

    [Fact]
    public void The_rows_in_json_have_the_agreed_fields_and_types()
    {
        Assert.Equal(0, cli.Run(Line).ExitCode);

        using var json = JsonDocument.Parse(File.ReadAllText(cli.At("new/rows.json")));
        Assert.Equal(["rows"], json.RootElement.EnumerateObject().Select(property => property.Name));
        var rows = json.RootElement.GetProperty("rows").EnumerateArray().ToList();

        Assert.All(rows, row => Assert.Equal(Fields, row.EnumerateObject().Select(property => property.Name)));
        Assert.Equal(["dense", "h2o:recent=n/2", "h2o:recent=n/2", "streaming", "streaming"], rows.Select(row => row.GetProperty("method").GetString()));
        // Whole ratios have no fraction, others are decimal numbers.
        Assert.Equal(["1", "1.5", "2", "1.5", "2"], rows.Select(row => row.GetProperty("ratio").GetRawText()));
        Assert.Equal("1", rows[0].GetProperty("ratio_effective").GetRawText());
        Assert.Equal("1", rows[0].GetProperty("ppl_over_dense").GetRawText());
        foreach (var row in rows)
        {
            Assert.Equal("api", row.GetProperty("text").GetString());
            Assert.Equal(JsonValueKind.Object, row.GetProperty("options").ValueKind);
            Assert.Equal(2, row.GetProperty("chunks").GetInt32());
            Assert.Equal(0, row.GetProperty("parameters").GetInt64());
            Assert.Equal(2, row.GetProperty("nll_by_offset").GetArrayLength());
            var interval = row.GetProperty("ci95").EnumerateArray().Select(bound => bound.GetDouble()).ToArray();
            Assert.Equal(2, interval.Length);
            Assert.InRange(row.GetProperty("ppl_over_dense").GetDouble(), interval[0], interval[1]);
            Assert.True(row.GetProperty("ppl").GetDouble() > 1);
            Assert.Equal(16_416, row.GetProperty("dense_bytes_per_token").GetDouble());
            Assert.True(row.GetProperty("bytes_per_token").GetDouble() <= 16_416 / row.GetProperty("ratio").GetDouble());
            Assert.True(row.GetProperty("compress_ms_per_1k_tokens").GetDouble() >= 0);
        }

        Assert.Equal("{\"sinks\":0,\"recent\":\"n/2\",\"normalize\":\"none\",\"group\":\"mean\"}", JsonSerializer.Serialize(rows[1].GetProperty("options")));
        Assert.Equal("{\"sinks\":4,\"positions\":\"original\"}", JsonSerializer.Serialize(rows[3].GetProperty("options")));
        Assert.Equal([127, 84, 63, 84, 63], rows.Select(row => row.GetProperty("kept_slots_mean").GetDouble()));
    }

    [Fact]
    public void A_run_that_was_stopped_goes_on_to_the_same_numbers_bit_for_bit()
    {
        string[] line = [.. Line[..^2], "--seed", "0"];
        Assert.Equal(0, cli.Run(line).ExitCode);
        var whole = Record();
        Directory.Delete(cli.Results, recursive: true);

        StopAfterFirstChunk();
        var journal = Assert.Single(Directory.GetFiles(cli.Journals));
        Assert.Equal(1 + 5, File.ReadAllLines(journal).Length);
        // As a power cut leaves it: the last line torn.
        File.AppendAllText(journal, "{\"check\":\"0123");
        var resumed = cli.Run(line);

        Assert.Equal(0, resumed.ExitCode);
        Assert.Contains("lst-ref · api · e1: 2 chunks, 1 of them finished earlier", resumed.Error);
        Assert.Empty(Directory.GetFiles(cli.Journals));
        SameNumbers(whole, Record());
    }

    [Fact]
    public void A_record_that_cannot_be_written_costs_no_work()
    {
        string[] line = [.. Line[..^2], "--methods", "streaming", "--ratios", "2"];
        cli.Write("results", "a file where the folder of the records should be");

        cli.Run(line).FailsWith(1, "cannot be written");
        Assert.Single(Directory.GetFiles(cli.Journals));
        File.Delete(cli.Results);

        Assert.Contains("2 of them finished earlier", cli.Run(line).Error);
        Assert.Empty(Directory.GetFiles(cli.Journals));
        Assert.Equal(2, Record().Rows.Count);
    }

    [Fact]
    public void Two_texts_give_two_records_and_one_file_of_rows()
    {
        var (first, second) = (cli.Write("one.txt", Words(100, 400)), cli.Write("two.txt", Words(500, 800)));

        var result = cli.Run("eval", "ppl", "--text", $"{first},{second}", "--prefix", "32", "--suffix", "16", "--chunks", "1", "--methods", "streaming", "--ratios", "2", "--json", cli.At("rows.json"));

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(cli.Results, "ppl")).Length);
        using var json = JsonDocument.Parse(File.ReadAllText(cli.At("rows.json")));
        Assert.Equal(["one.txt", "one.txt", "two.txt", "two.txt"], json.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("text").GetString()));
    }

    internal static void SameNumbers(PerplexityRecord expected, PerplexityRecord actual)
    {
        Assert.Equal(expected.Rows.Count, actual.Rows.Count);
        foreach (var (a, b) in expected.Rows.Zip(actual.Rows))
        {
            Assert.Equal((a.Method, a.Ratio, a.RatioEffective, a.Ppl, a.PplOverDense, a.BytesPerToken), (b.Method, b.Ratio, b.RatioEffective, b.Ppl, b.PplOverDense, b.BytesPerToken));
            Assert.Equal(a.ChunkNll, b.ChunkNll);
            Assert.Equal(a.DenseChunkNll, b.DenseChunkNll);
            Assert.Equal(a.Ci95, b.Ci95);
            Assert.Equal(a.NllByOffset, b.NllByOffset);
        }
    }

    public void Dispose() => cli.Dispose();

    private PerplexityRecord Record() => RecordStore.Read<PerplexityRecord>(Assert.Single(Directory.GetFiles(Path.Combine(cli.Results, "ppl"))));

    // The same settings as Line, through the run itself: only there is a place to stop exactly behind a chunk.
    private void StopAfterFirstChunk()
    {
        using var loaded = LoadedModel.Open("lst-ref", TorchSharp.torch.float32);
        var settings = new PerplexitySettings { Prefix = 128, Suffix = 64, Chunks = 2, Methods = MethodSpec.ParseList("h2o:recent=n/2,streaming"), Ratios = [Ratio.Of(3, 2), Ratio.Of(2)] };
        using var stop = new CancellationTokenSource();
        var run = new PerplexityRun(loaded, settings) { JournalFolder = cli.Journals };
        Assert.ThrowsAny<OperationCanceledException>(() => run.Run(TextCatalog.FromEnvironment().Load("api"), "test", new StopAtFirst(stop), stop.Token));
    }

    private static string Words(int from, int to) => string.Join(' ', Enumerable.Range(from, to - from));

    private sealed class StopAtFirst(CancellationTokenSource stop) : IRunProgress
    {
        public void Begin(string what, long total, long done = 0, string unit = "chunks") { }

        public void Advance(long steps = 1, string? detail = null) => stop.Cancel();

        public void Note(string line) { }
    }
}
