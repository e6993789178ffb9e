using System.Globalization;
using System.Text.RegularExpressions;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Records;
using LST.Evaluation.Records.Query;
using LST.Evaluation.Reports;

namespace LST.Evaluation.Tests.Reports;

/// <summary>A page whose tables are what the commands above them print: <c>./lst records sql "…" --format markdown</c> and <c>./lst records table</c> with ids, <c>--against</c>, <c>--best</c>, <c>--among</c>.</summary>
/// <param name="name">Path below docs/.</param>
internal sealed partial class RecordPage(string name)
{
    private static readonly string Root = ProjectFolders.Root!;
    private static readonly string Store = Path.Combine(Root, "data", "results", "ppl");

    private static readonly string ItemStore = Path.Combine(Root, "data", "results", "items");

    private string Place { get; } = Path.Combine(Root, "docs", name);

    /// <summary>Whether pages are to be written again.</summary>
    public static bool Rewrites => Environment.GetEnvironmentVariable("LST_REWRITE_PAGES") is { Length: > 0 };

    public string Text => File.ReadAllText(Place).ReplaceLineEndings("\n");

    /// <summary>The records that a page names by their whole ids, in the order in which it names them.</summary>
    public static IReadOnlyList<PerplexityRecord> Records(string page) =>
        [.. Id().Matches(page).Select(match => match.Value).Distinct().Select(id => RecordStore.Read<PerplexityRecord>(Path.Combine(Store, id + ".json")))];

    /// <summary>The benchmark records that a page names by their whole ids, in the order in which it names them.</summary>
    public static IReadOnlyList<BenchmarkRecord> ItemRecords(string page) =>
        [.. ItemId().Matches(page).Select(match => match.Value).Distinct().Select(id => RecordStore.Read<BenchmarkRecord>(Path.Combine(ItemStore, id + ".json")))];

    /// <summary>Compares the page with what its commands print now, or writes it again.</summary>
    /// <param name="fill">What prints it; null: <see cref="Filled"/>.</param>
    public void Check(Func<string, string>? fill = null)
    {
        var page = Text;
        var filled = (fill ?? Filled)(page);
        if (Rewrites) File.WriteAllText(Place, filled);
        else Assert.Equal(filled, page);
    }

    /// <summary>The page with each table as its command prints it now.</summary>
    public static string Filled(string page)
    {
        using var query = RecordQuery.OfProject(_ => { });
        var filled = Statement().Replace(page, match => match.Groups["head"].Value + QueryText.Markdown(query.Run(match.Groups["sql"].Value.Replace("\\\"", "\"", StringComparison.Ordinal), TestContext.Current.CancellationToken)));
        filled = Scores().Replace(filled, match =>
        {
            var table = Assert.Single(BenchmarkTable.Join(match.Groups["ids"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => RecordStore.Read<BenchmarkRecord>(Path.Combine(ItemStore, id + ".json")))));
            string? Option(string name) => match.Groups[name] is { Success: true } value ? value.Value : null;
            var byRatio = Option("by") == "ratio";
            var view = new ScoreView(table, byRatio ? ScoreView.ByTask : Option("by") ?? ScoreView.ByTask, Option("metric"));
            return match.Groups["head"].Value + (match.Groups["ratios"].Success ? BenchmarkMarkdown.Ratios(view) : byRatio ? BenchmarkMarkdown.ByRatio(view, Option("among")?.Split(',')) : BenchmarkMarkdown.Of(view, Option("among")?.Split(','), Option("margin") is { } margin ? double.Parse(margin, CultureInfo.InvariantCulture) : null));
        });
        return Best().Replace(filled, match =>
        {
            var records = Records(match.Groups["ids"].Value);
            var among = match.Groups["among"] is { Success: true } list ? list.Value.Split(',') : null;
            return match.Groups["head"].Value + BestMarkdown.Of(PerplexityTable.Join(records), among);
        });
    }

    [GeneratedRegex("ppl-[a-z0-9-]+-e[0-3]-[0-9a-f]{8}")]
    private static partial Regex Id();

    [GeneratedRegex("(?<head>```bash\n\\./lst records sql \"(?<sql>(?:[^\"\\\\]|\\\\\")*)\" --format markdown\n```\n\n)(?:\\|.*\n)*")]
    private static partial Regex Statement();

    [GeneratedRegex("(?<head>```bash\n\\./lst records table(?<ids>(?: ppl-[a-z0-9-]+)+) --best(?: --among (?<among>\\S+))?\n```\n\n)(?:\\|.*\n)*")]
    private static partial Regex Best();

    [GeneratedRegex("(?<head>```bash\n\\./lst records table(?<ids>(?: (?:recall|ruler|niah|zeroshot)-[a-z0-9.-]+)+) --bare(?: --by (?<by>\\S+))?(?: --metric (?<metric>\\S+))?(?: --margin (?<margin>\\S+))?(?<ratios> --real-ratios)?(?: --among (?<among>\\S+))?\n```\n\n)(?:\\|.*\n)*")]
    private static partial Regex Scores();

    [GeneratedRegex("(?:recall|ruler|niah|zeroshot)-[a-z0-9-]+-[0-9a-f]{8}")]
    private static partial Regex ItemId();
}
