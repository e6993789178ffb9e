using LST.Evaluation.Records;
using LST.Evaluation.Reports;

namespace LST.Evaluation.Tests.Reports;

/// <summary>
/// docs/table1.md: each table is what the command above it prints, and what its sentences say of the numbers is so. With LST_REWRITE_PAGES=1 the page is written
/// again from the newest records of E3 of the models that it names.
/// </summary>
public sealed class Table1PageTests
{
    private static readonly RecordPage Page = new("table1.md");

    [Fact]
    public void Its_tables_are_what_its_commands_print()
    {
        Assert.NotEmpty(OfLines(Page.Text));

        Page.Check(page =>
        {
            var records = OfLines(page);
            if (RecordPage.Rewrites) (page, records) = WithNewest(page, records);
            return Filled(page, records);
        });
    }

    [Fact]
    public void What_it_says_of_the_printed_forms_is_so()
    {
        foreach (var record in OfLines(Page.Text))
        {
            Assert.False(record.Versions.Dirty, $"{record.Id} was made from a changed checkout");
            double[] Printed(string method) => [.. record.Rows.Where(row => row.Method == method + " as printed").OrderBy(row => row.Ratio).Select(row => row.Ppl)];
            var (streaming, h2o) = (Printed("streaming"), Printed("h2o"));

            Assert.Single(streaming.Distinct());
            Assert.Equal(h2o, Printed("tova"));
            if (record.Model.Name == "smollm2") RequireBetterMergingAtHigherRatios(record);
            foreach (var row in record.Rows.Where(row => row.Method.EndsWith(" as printed", StringComparison.Ordinal)))
                if (record.Rows.FirstOrDefault(other => other.Method + " as printed" == row.Method && other.Ratio == row.Ratio) is { } correct)
                    Assert.True(row.Ppl > correct.Ppl, $"{row.Method} at {row.Ratio}:1 is better than in its published form");
        }
    }

    private static void RequireBetterMergingAtHigherRatios(PerplexityRecord record)
    {
        var table = Assert.Single(PerplexityTable.Join([record]));
        foreach (var ratio in new[] { 4, 8 }) Assert.True(table.Ratio(table.Find("kvmerger as printed", ratio)!, table.Find("kvmerger as printed", 2)!).High < 1);
    }

    private static string Filled(string page, IReadOnlyList<PerplexityRecord> records)
    {
        var filled = RecordPage.Filled(page);
        const string marker = "<!-- ./lst records table -->\n\n";
        return filled[..(filled.IndexOf(marker, StringComparison.Ordinal) + marker.Length)] + PerplexityMarkdown.Of(PerplexityTable.Join(records), "lst");
    }

    private static (string Page, List<PerplexityRecord> Records) WithNewest(string page, List<PerplexityRecord> records)
    {
        var all = RecordStore.OfProject().ReadAll<PerplexityRecord>(PerplexityRecord.RecordKind);
        List<PerplexityRecord> newest = [.. records.Select(old => all.Where(record => (record.Protocol, record.Model.Name, record.Chunks) == (old.Protocol, old.Model.Name, old.Chunks)).MaxBy(record => record.Created, StringComparer.Ordinal)!)];
        foreach (var (old, record) in records.Zip(newest)) page = page.Replace(old.Id, record.Id, StringComparison.Ordinal);
        return (page, newest);
    }

    // Records of E3, in the order in which the page names them.
    private static List<PerplexityRecord> OfLines(string page) => [.. RecordPage.Records(page).Where(record => record.Protocol == "e3")];
}
