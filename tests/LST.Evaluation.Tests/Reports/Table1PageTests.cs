using System.Text.RegularExpressions;
using LST.Evaluation.Records;
using LST.Evaluation.Records.Query;
using LST.Evaluation.Reports;

namespace LST.Evaluation.Tests.Reports;

/// <summary>
/// docs/table1.md: each table is what the command above it prints, and what its sentences say of the numbers is so. With LST_REWRITE_PAGES=1 the page is written
/// again from the newest records of E3 of the models that it names.
/// </summary>
public sealed partial class Table1PageTests
{
    private static readonly string Root = ProjectFolders.Root!;
    private static readonly string Path = System.IO.Path.Combine(Root, "docs", "table1.md");
    private static readonly string Store = System.IO.Path.Combine(Root, "data", "results", "ppl");

    [Fact]
    public void Its_tables_are_what_its_commands_print()
    {
        var page = File.ReadAllText(Path).ReplaceLineEndings("\n");
        var rewrites = Environment.GetEnvironmentVariable("LST_REWRITE_PAGES") is { Length: > 0 };
        var records = Ids(page).Select(id => System.IO.Path.Combine(Store, id + ".json")).Select(RecordStore.Read<PerplexityRecord>).ToList();
        Assert.NotEmpty(records);
        if (rewrites) (page, records) = WithNewest(page, records);

        var filled = Filled(page, records);

        if (rewrites) File.WriteAllText(Path, filled);
        else Assert.Equal(filled, page);
    }

    [Fact]
    public void What_it_says_of_the_printed_forms_is_so()
    {
        foreach (var record in Ids(File.ReadAllText(Path)).Select(id => RecordStore.Read<PerplexityRecord>(System.IO.Path.Combine(Store, id + ".json"))))
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
        using var query = RecordQuery.OfProject(_ => { });
        var filled = Statement().Replace(page, match => match.Groups["head"].Value + QueryText.Markdown(query.Run(match.Groups["sql"].Value.Replace("\\\"", "\"", StringComparison.Ordinal), TestContext.Current.CancellationToken)));
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
    private static IEnumerable<string> Ids(string page) => Record().Matches(page).Select(match => match.Value).Distinct();

    [GeneratedRegex("ppl-[a-z0-9-]+-wikitext2-e3-[0-9a-f]{8}")]
    private static partial Regex Record();

    [GeneratedRegex("(?<head>```bash\n\\./lst records sql \"(?<sql>(?:[^\"\\\\]|\\\\\")*)\" --format markdown\n```\n\n)(?:\\|.*\n)*")]
    private static partial Regex Statement();
}
