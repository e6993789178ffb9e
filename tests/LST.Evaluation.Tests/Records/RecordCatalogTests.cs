using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;

namespace LST.Evaluation.Tests.Records;

public sealed class RecordCatalogTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly RecordStore store;
    private readonly RecordCatalog catalog;

    public RecordCatalogTests() => (store, catalog) = (new RecordStore(temporary.Path), new RecordCatalog(temporary.Path));

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void Records_of_all_kinds_are_read_by_what_they_share()
    {
        var (ppl, training) = (store.Write(ExampleRecords.Perplexity()), store.Write(ExampleRecords.Training()));

        var records = catalog.ReadAll(Assert.Fail).Select(file => file.Record).ToList();

        Assert.Equal([("ppl", ppl.Id), ("training", training.Id)], records.Select(record => (record.Kind, record.Id)));
        Assert.Equal([("api", null), (null, "lst")], records.Select(record => (record.TextName, record.SidecarPreset)));
        Assert.All(records, record => Assert.Equal((ppl.Model, ppl.Versions, ppl.Machine), (record.Model, record.Versions, record.Machine)));
        Assert.Equal(["2:1 lst 1.0020", "step 100: wiki-dev 1.0000, api-dev 1.2100"], records.Select(RecordHeadline.Of));
    }

    [Fact]
    public void A_kind_that_this_build_does_not_know_is_read_too()
    {
        store.Write(new LaterRecord { Command = "./lst later", Options = [], Model = ExampleRecords.Perplexity().Model, Seed = 0, Dtype = "float32", Device = "cpu", Backend = "cpu", Threads = 1, Versions = ExampleRecords.Perplexity().Versions, WallSeconds = 1, PeakMemoryBytes = 1 });

        var record = Assert.Single(catalog.ReadAll(Assert.Fail)).Record;

        Assert.Equal(("later", "", 42), (record.Kind, RecordHeadline.Of(record), record.Fields!["score"]!.GetValue<int>()));
    }

    [Theory]
    [InlineData("{", "cannot be read")]
    [InlineData("", "cannot be read")]
    [InlineData("null", "must have schema version 1, but it has none")]
    [InlineData("[1]", "cannot be read")]
    [InlineData("{\"schema_version\":1}", "cannot be read")]
    [InlineData("{\"schema_version\":2}", "must have schema version 1, but it has 2")]
    public void A_broken_file_is_named_and_the_rest_is_read(string content, string sentence)
    {
        store.Write(ExampleRecords.Perplexity());
        temporary.Write("ppl/broken.json", content);
        List<string> warnings = [];

        Assert.Single(catalog.ReadAll(warnings.Add));

        var warning = Assert.Single(warnings);
        Assert.Contains("'broken.json'", warning, StringComparison.Ordinal);
        Assert.Contains(sentence, warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_was_changed_by_hand_is_broken()
    {
        var path = store.PathOf(store.Write(ExampleRecords.Training()));
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"seed\": 7", "\"seed\": 8", StringComparison.Ordinal));
        List<string> warnings = [];

        Assert.Empty(catalog.ReadAll(warnings.Add));

        Assert.Contains("was changed after it was written", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_beginning_an_end_or_first_digits_of_the_hash_name_a_record()
    {
        var (ppl, _) = (store.Write(ExampleRecords.Perplexity()), store.Write(ExampleRecords.Training()));
        var hash = ppl.Id[^8..];

        foreach (var name in (string[])[ppl.Id, "ppl", "ppl-lst-ref", hash, "e1-" + hash, hash[..6], store.PathOf(ppl)])
            Assert.Equal(ppl.Id, catalog.Read(name).Record.Id);
    }

    [Fact]
    public void An_ambiguous_or_unknown_name_lists_candidates()
    {
        var (a, b) = (store.Write(ExampleRecords.Perplexity()), store.Write(ExampleRecords.Perplexity() with { Seed = 1 }));

        var ambiguous = Assert.Throws<UsageException>(() => catalog.Find("ppl-")).Message;
        var unknown = Assert.Throws<UsageException>(() => catalog.Find("nope")).Message;

        Assert.StartsWith("'ppl-' may be any of 2 records: ", ambiguous, StringComparison.Ordinal);
        Assert.StartsWith("'nope' is neither a file nor the beginning or end of a record's id; records are ", unknown, StringComparison.Ordinal);
        foreach (var sentence in new[] { ambiguous, unknown }) Assert.All([a.Id, b.Id], id => Assert.Contains(id, sentence, StringComparison.Ordinal));
        Assert.Contains("there is no record yet", Assert.Throws<UsageException>(() => new RecordCatalog(temporary.File("nowhere")).Find("x")).Message, StringComparison.Ordinal);
        Assert.Throws<UsageException>(() => catalog.Find(""));
    }

    private sealed record LaterRecord() : RunRecord("later")
    {
        public int Score => 42;

        public override string ReadableName() => "later";

        public override string? Contradiction() => null;
    }
}
