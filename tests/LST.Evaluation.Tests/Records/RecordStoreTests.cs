using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Records;

namespace LST.Evaluation.Tests.Records;

public sealed class RecordStoreTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly RecordStore _store;

    public RecordStoreTests() => _store = new RecordStore(_temporary.File("results"));

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void A_record_comes_back_as_it_was_written()
    {
        var stored = _store.Write(Example());

        var read = Assert.Single(_store.ReadAll<PerplexityRecord>("ppl"));

        Assert.Equal(RecordJson.Format(stored), RecordJson.Format(read));
        Assert.Equal(stored.Rows[1].ChunkNll, read.Rows[1].ChunkNll);
        Assert.Equal((stored.Machine, stored.Versions, stored.Text), (read.Machine, read.Versions, read.Text));
    }

    [Fact]
    public void The_id_is_readable_and_ends_with_the_hash_of_the_content()
    {
        var (first, again, other) = (_store.Write(Example()), _store.Write(Example()), _store.Write(Example() with { Seed = 1 }));

        Assert.Matches("^ppl-lst-ref-api-e1-[0-9a-f]{8}$", first.Id);
        Assert.Equal(first.Id, again.Id);
        Assert.NotEqual(first.Id, other.Id);
        Assert.Equal(2, Directory.GetFileSystemEntries(_temporary.File("results/ppl")).Length); // and no temporary files
    }

    [Fact]
    public void Names_are_those_of_the_conventions_and_ratios_are_numbers()
    {
        var json = JsonNode.Parse(File.ReadAllText(_store.PathOf(_store.Write(Example()))))!;
        var row = json["rows"]![1]!;

        Assert.All(
            new[]
            {
                "text", "method", "options", "ratio", "ratio_effective", "ppl", "ppl_over_dense", "ci95", "nll_by_offset", "chunks", "kept_slots_mean",
                "bytes_per_token", "dense_bytes_per_token", "parameters", "compress_ms_per_1k_tokens", "chunk_nll", "dense_chunk_nll", "chunk_tokens",
            },
            name => Assert.True(row[name] is not null, name));
        Assert.All(
            new[]
            {
                "schema_version", "id", "kind", "created", "command", "options", "model", "seed", "dtype", "device", "backend", "threads", "versions", "machine",
                "wall_seconds", "peak_memory_bytes", "text", "protocol", "prefix", "suffix", "chunks",
            },
            name => Assert.True(json[name] is not null, name));
        Assert.Equal(["2", "1.5"], new[] { row["ratio"]!.ToJsonString(), json["rows"]![2]!["ratio"]!.ToJsonString() });
        Assert.Equal("true", row["options"]!["log-mass"]!.ToJsonString());
    }

    [Fact]
    public void Arrays_of_numbers_stand_on_one_line_and_the_header_comes_first()
    {
        var lines = File.ReadAllLines(_store.PathOf(_store.Write(Example())));

        Assert.Equal(["schema_version", "id", "kind", "created", "command", "options"], lines.Where(l => l.StartsWith("  \"", StringComparison.Ordinal)).Take(6).Select(l => l.Split('"')[1]));
        Assert.Contains(lines, l => l.TrimStart() == "\"chunk_tokens\": [512,512]");
    }

    [Theory]
    [InlineData("\"seed\": 0", "\"seed\": 7", "was changed")]
    [InlineData("\"schema_version\": 1", "\"schema_version\": 2", "schema version 1")]
    [InlineData("\"kind\": \"ppl\"", "\"kind\": \"recall\"", "of kind 'recall'")]
    [InlineData("\"command\"", "\"commando\"", "cannot be read")]
    [InlineData("{", "[", "cannot be read")]
    public void A_record_that_was_changed_is_refused(string from, string to, string reason)
    {
        var path = _store.PathOf(_store.Write(Example()));
        var text = File.ReadAllText(path);
        var place = text.IndexOf(from, StringComparison.Ordinal);
        File.WriteAllText(path, text[..place] + to + text[(place + from.Length)..]);

        Assert.Contains(reason, Assert.Throws<DataException>(() => _store.ReadAll<PerplexityRecord>("ppl")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_cut_at_any_byte_is_refused_in_a_sentence()
    {
        var path = _store.PathOf(_store.Write(Example()));
        var whole = File.ReadAllBytes(path);

        for (var cut = 0; cut < whole.Length; cut += 13)
        {
            File.WriteAllBytes(path, whole[..cut]);
            Assert.Throws<DataException>(() => RecordStore.Read<PerplexityRecord>(path));
        }
    }

    [Fact]
    public void Line_ends_that_a_checkout_changed_do_not_matter()
    {
        var path = _store.PathOf(_store.Write(Example()));
        File.WriteAllText(path, File.ReadAllText(path).Replace("\n", "\r\n", StringComparison.Ordinal));

        Assert.Single(_store.ReadAll<PerplexityRecord>("ppl"));
    }

    [Fact]
    public void A_record_that_contradicts_itself_is_not_written()
    {
        var example = Example();
        var wrong = example with { Rows = [example.Rows[0], example.Rows[1] with { Ppl = 5 }] };

        Assert.Contains("row 'mean:log-mass=true' at ratio 2: perplexity 5", Assert.Throws<DataException>(() => _store.Write(wrong)).Message, StringComparison.Ordinal);
        Assert.Contains("3 chunks", Assert.Throws<DataException>(() => _store.Write(example with { Chunks = 3 })).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_temporary.File("results")));
    }

    [Fact]
    public void A_number_that_is_not_finite_is_not_written() =>
        Assert.Contains("not finite", Assert.Throws<DataException>(() => _store.Write(Example() with { WallSeconds = double.NaN })).Message, StringComparison.Ordinal);

    [Fact]
    public void A_store_without_folder_is_empty() => Assert.Empty(_store.ReadAll<PerplexityRecord>("ppl"));

    [Theory]
    [InlineData("ppl-lst-ref-My Text (1).txt-e1", "ppl-lst-ref-my-text-1-.txt-e1")]
    [InlineData("../../etc", "etc")]
    [InlineData("…", "run")]
    public void A_slug_is_safe_as_a_file_name(string name, string slug) => Assert.Equal(slug, RecordStore.Slug(name));

    private static PerplexityRecord Example() => ExampleRecords.Perplexity(
        Row("dense", [], 1, [900.25, 1000.125]),
        Row("mean:log-mass=true", new JsonObject { ["sinks"] = 4, ["log-mass"] = true }, 2, [950.1, 1033.3]),
        Row("mean:log-mass=true", new JsonObject { ["sinks"] = 4, ["log-mass"] = true }, 1.5, [930.1, 1013.3])) with { OffsetBinEdges = [0, 64, 512] };

    private static PerplexityRow Row(string method, JsonObject options, double ratio, double[] nll) => ExampleRecords.Row(method, ratio, nll, options) with { NllByOffset = [2.1, 1.8] };
}
