using LST.Core.Compression;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;

namespace LST.Evaluation.Tests.Reports;

/// <summary>docs/baselines.md: each table is what the command above it prints, its records hold every method, and no row has more than its budget. With LST_REWRITE_PAGES=1 its tables are printed again.</summary>
public sealed class BaselinesPageTests
{
    private static readonly RecordPage Page = new("baselines.md");

    [Fact]
    public void Its_tables_are_what_its_commands_print() => Page.Check();

    [Fact]
    public void Its_records_were_made_by_committed_code_and_hold_every_method()
    {
        var records = RecordPage.Records(Page.Text);
        Assert.All(records, record => Assert.False(record.Versions.Dirty, $"{record.Id} was made from a changed checkout"));
        var tables = PerplexityTable.Join(records.Where(record => record.Protocol == "e1"));

        Assert.Equal(["lst-ref api 48", "lst-ref books 48", "lst-ref wikitext2 48", "smollm2 wikitext2 24"],
            tables.Select(table => $"{table.Records[0].Model.Name} {table.Records[0].Text.Name} {table.Records[0].Chunks}").Order(StringComparer.Ordinal));
        foreach (var table in tables)
            foreach (var method in MethodRegistry.Entries.Select(entry => entry.Name))
                foreach (var ratio in Ratios(table.Records[0].Model.Name, method))
                    Assert.True(table.Find(method, ratio) is not null, $"{table.Records[0].Model.Name} on {table.Records[0].Text.Name} has no row of {method} at {ratio}:1");
    }

    private static int[] Ratios(string model, string method) => method == "dense" ? [1] : model == "smollm2" ? [2, 4, 8] : [2, 4, 8, 16];

    [Fact]
    public void No_row_has_more_slots_than_its_budget()
    {
        foreach (var record in RecordPage.Records(Page.Text).Where(record => record.Protocol == "e1"))
        {
            var tokens = record.Prefix!.Value - 1;
            foreach (var row in record.Rows.Where(row => row.Method != "dense"))
                Assert.True(row.KeptSlotsMean <= Math.Floor(tokens / row.Ratio), $"{record.Id}: {row.Method} at {row.Ratio}:1 has {row.KeptSlotsMean} slots of {tokens} tokens");
        }
    }

    [Fact]
    public void Streams_score_the_ids_of_the_protocol()
    {
        var streams = RecordPage.Records(Page.Text).Where(record => record.Protocol == "e2").ToList();

        Assert.Equal(2, streams.Count);
        foreach (var record in streams)
            foreach (var row in record.Rows)
                Assert.True(row.ChunkTokens.Sum() >= 16_384, $"{record.Id}: {row.Method} scores {row.ChunkTokens.Sum()} ids");
    }

    [Fact]
    public void What_it_calls_surprising_is_so()
    {
        var tables = PerplexityTable.Join(RecordPage.Records(Page.Text));
        var chunks = tables.Where(table => table.Records[0].Protocol == "e1").ToList();
        foreach (var table in chunks)
        {
            var name = $"{table.Records[0].Model.Name} on {table.Records[0].Text.Name}";
            foreach (var ratio in new[] { 2, 4, 8 })
            {
                Assert.True(table.Ratio(table.Find("knorm", ratio)!, table.Find("random", ratio)!).Low > 1, $"{name}: knorm is not worse than random at {ratio}:1");
                Assert.True(table.Find("pyramidkv", ratio)!.Ppl > table.Find("snapkv", ratio)!.Ppl, $"{name}: pyramidkv is not worse than snapkv at {ratio}:1");
            }
        }
        var small = chunks.Single(table => table.Records[0].Model.Name == "smollm2");
        var wiki = chunks.Single(table => table.Records[0].Model.Name == "lst-ref" && table.Records[0].Text.Name == "wikitext2");
        var api = chunks.Single(table => table.Records[0].Text.Name == "api");
        var books = chunks.Single(table => table.Records[0].Text.Name == "books");
        foreach (var ratio in new[] { 2, 4, 8 })
        {
            Assert.True(small.Ratio(small.Find("streaming", ratio)!, small.Find("h2o", ratio)!).Low > 1);
            Assert.True(wiki.Ratio(wiki.Find("h2o", ratio)!, wiki.Find("streaming", ratio)!).Low > 1);
            foreach (var table in new[] { wiki, books })
                Assert.DoesNotContain(table.Rows, row => row.Row.Ratio == ratio && row.Row.Ppl < table.Find("adakv", ratio)!.Ppl && row.Row.Method is not ("kvzip" or "lst" or "attention-matching:probes=repeat"));
            if (ratio > 2) Assert.Equal(wiki.Find("streaming", ratio)!.Ppl, wiki.Find("lagkv", ratio)!.Ppl, 1e-9);
        }
        foreach (var ratio in new[] { 2, 4 }) Assert.True(api.Ratio(api.Find("lst", ratio)!, api.Find("dense", 1)!).High < 1);
        var stream = tables.First(table => table.Records[0].Protocol == "e2" && table.Find("lst", 2) is not null);
        Assert.True(stream.Find("lst", 2)!.PplOverDense > 1.5 && wiki.Find("lst", 2)!.PplOverDense < 1.01);
    }
}
