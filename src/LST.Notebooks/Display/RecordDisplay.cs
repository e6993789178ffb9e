using System.Globalization;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;

namespace LST.Notebooks.Display;

/// <summary>Run records: what ran where, and for perplexity the rows with their intervals.</summary>
internal static class RecordDisplay
{
    private static readonly (string, Side)[] Columns =
    [
        ("method", Side.Left), ("ratio", Side.Right), ("ratio real", Side.Right), ("ppl", Side.Right), ("ppl / dense", Side.Right), ("95 % interval", Side.Right), ("bytes / token", Side.Right), ("ms / 1k", Side.Right),
    ];

    public static void Register()
    {
        Displays.Show<RunRecord>(Of);
        Displays.Show<PerplexityRecord>(Of);
        Displays.Show<PerplexityTable>(Of);
        Displays.Show<ScoreView>(Of);
        Displays.ShowSentence<TrainedSidecar>(trained => trained.ToString());
    }

    private static Table Of(RunRecord record) => Table.OfPairs($"Record {record.Id}",
        ("command", record.Command), ("model", $"{record.Model.Name}, {Visible.Number(record.Model.Parameters)} parameters"), ("run", $"{record.Dtype} on {record.Device}, {record.Threads} threads, seed {record.Seed}"),
        ("commit", record.Versions.Commit), ("ended", record.Created));

    private static Table Of(PerplexityRecord record) => new($"Record {record.Id}: {record.Model.Name} on {record.Text.Name}, {record.Protocol}, {record.Chunks} chunks", Columns, [.. record.Rows.Select(Row)],
        $"{record.Command} · commit {record.Versions.Commit[..Math.Min(10, record.Versions.Commit.Length)]}");

    private static Table Of(PerplexityTable table) => new($"{table.Records[0].Model.Name} on {table.Records[0].Text.Name}, {table.Records[0].Protocol}, {table.Records[0].Chunks} chunks", Columns,
        [.. table.Rows.Select(row => Row(row.Row))], $"records: {string.Join(", ", table.Records.Select(record => record.Id))}");

    private static Table Of(ScoreView view)
    {
        var (headings, rows) = BenchmarkMarkdown.Texts(view);
        return new Table($"{view.Table.Records[0].Title}{(view.IsShare ? ", percent" : "")}, with 95 % intervals", [.. headings.Select((heading, i) => (heading, i == 0 ? Side.Left : Side.Right))], rows,
            $"records: {string.Join(", ", view.Table.Records.Select(record => record.Id))}");
    }

    private static IReadOnlyList<string> Row(PerplexityRow row) =>
    [
        row.Method, Text($"{row.Ratio:0.##}"), Text($"{row.RatioEffective:0.00}"), Text($"{row.Ppl:0.000}"), Text($"{row.PplOverDense:0.0000}"),
        row.Ci95 is [var low, var high] && row.Method != "dense" ? Text($"{low:0.0000} to {high:0.0000}") : "", Text($"{row.BytesPerToken:N0}"), Text($"{row.CompressMsPer1kTokens:0.0}"),
    ];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
