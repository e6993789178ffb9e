using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Reports;

/// <summary>A row and the record that it stands in.</summary>
/// <param name="Record">The run.</param>
/// <param name="Row">One of its rows.</param>
public sealed record SourcedRow(PerplexityRecord Record, PerplexityRow Row);

/// <summary>
/// Rows of one or several runs on the same chunks of the same text under the same model: one table, in which any two rows are paired. Where runs
/// have the same method with the same options at the same ratio, the newest counts.
/// </summary>
public sealed class PerplexityTable
{
    // Builds of one machine agree to 1e-6; a table must not join what another kernel or another rounding made visibly different.
    private const double MostDenseDifference = 1e-3;
    private readonly PairedBootstrap bootstrap;

    private PerplexityTable(IReadOnlyList<PerplexityRecord> records)
    {
        Records = records;
        foreach (var record in records) RequireAgreement(records[0], record);
        var newest = new Dictionary<(string, double), SourcedRow>();
        foreach (var record in records)
        {
            foreach (var row in record.Rows)
            {
                if (newest.TryGetValue((row.Method, row.Ratio), out var older)) RequireSameOptions(older, record, row);
                newest[(row.Method, row.Ratio)] = new SourcedRow(record, row);
            }
        }
        var order = records.SelectMany(record => record.Rows).Select(row => row.Method).Distinct().ToList();
        Rows = [.. newest.Values.OrderBy(row => order.IndexOf(row.Row.Method)).ThenBy(row => row.Row.Ratio)];
        bootstrap = new PairedBootstrap(records[0].Chunks);
    }

    /// <summary>The runs, oldest first.</summary>
    public IReadOnlyList<PerplexityRecord> Records { get; }

    /// <summary>Dense first, methods in the order of the runs, ratios rising.</summary>
    public IReadOnlyList<SourcedRow> Rows { get; }

    /// <summary>Tables of records, one for each model, text, protocol, P, S, number of chunks, dtype, and slots or bytes that are equal; by model and text.</summary>
    /// <exception cref="DataException">Two runs of one table disagree about the dense model, so that their rows are no pairs, or call two things by one name.</exception>
    public static IReadOnlyList<PerplexityTable> Join(IEnumerable<PerplexityRecord> records) =>
    [
        .. records.GroupBy(r => (r.Model.WeightsSha256, r.Text.Sha256, r.Protocol, r.Prefix, r.Suffix, r.Chunks, r.Dtype, IsEqualBytes(r), IsOfSlots(r), Start(r)))
            .Select(group => new PerplexityTable([.. group.OrderBy(r => r.Created, StringComparer.Ordinal).ThenBy(r => r.Id, StringComparer.Ordinal)]))
            .OrderBy(t => t.Records[0].Model.Name, StringComparer.Ordinal).ThenByDescending(t => t.Records[0].Text.Name, StringComparer.Ordinal).ThenBy(t => t.Records[0].Id, StringComparer.Ordinal),
    ];

    /// <summary>Perplexity of the first row over that of the second, paired over the chunks; below 1 with an interval that excludes 1, the first is better.</summary>
    public Estimate Ratio(PerplexityRow row, PerplexityRow other) => row.Over(other, bootstrap);

    /// <summary>The row of a method at a ratio; null: there is none.</summary>
    public PerplexityRow? Find(string method, double ratio) => Rows.FirstOrDefault(row => row.Row.Method == method && row.Row.Ratio == ratio)?.Row;

    /// <summary>At one ratio the method of least perplexity, and those that the paired interval cannot tell from it.</summary>
    public (PerplexityRow Best, IReadOnlyList<PerplexityRow> Alike) Best(double ratio)
    {
        var rows = Rows.Select(row => row.Row).Where(row => row.Ratio == ratio && row.Method != "dense").OrderBy(row => row.Ppl).ToList();
        return (rows[0], [.. rows.Skip(1).Where(row => !Ratio(row, rows[0]).Excludes(1))]);
    }

    /// <summary>Whether the run compared methods at equal bytes; else at equal slots.</summary>
    internal static bool IsEqualBytes(PerplexityRecord record) => record.Options["equal"]?.GetValue<string>() == "bytes";

    // Of streams the first scored position: other budgets, other ids.
    internal static int Start(PerplexityRecord record) => record.OffsetBinEdges.Count == 0 ? 0 : record.OffsetBinEdges[0];

    // Streams whose cache has a number of slots, in place of a ratio.
    private static bool IsOfSlots(PerplexityRecord record) => record.Options["slots"] is not null;

    // One name for two things (another sidecar, another seed) would let an experiment take the place of what a page describes.
    private static void RequireSameOptions(SourcedRow older, PerplexityRecord record, PerplexityRow row)
    {
        if (Options(older.Row) == Options(row) && older.Record.Seed == record.Seed) return;
        throw new DataException($"The records '{older.Record.Id}' and '{record.Id}' both have a row '{row.Method}' at {row.Ratio}:1, but with other options or another sidecar; name the records that belong into one table.");
    }

    private static string Options(PerplexityRow row)
    {
        var options = row.Options.DeepClone().AsObject();
        options.Remove("file");
        return options.ToJsonString();
    }

    private static void RequireAgreement(PerplexityRecord first, PerplexityRecord other)
    {
        var (a, b) = (first.Rows[0], other.Rows[0]);
        for (var chunk = 0; chunk < a.DenseChunkNll.Count; chunk++)
        {
            if (a.ChunkTokens[chunk] == b.ChunkTokens[chunk] && Math.Abs(a.DenseChunkNll[chunk] - b.DenseChunkNll[chunk]) / a.ChunkTokens[chunk] <= MostDenseDifference) continue;
            throw new DataException($"The records '{first.Id}' and '{other.Id}' must agree about the dense model to {MostDenseDifference} nats a token, but in chunk {chunk} they do not; make both again with one build.");
        }
    }
}
