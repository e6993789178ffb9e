using System.Globalization;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Evaluation.Benchmarks.Results;

/// <summary>A row of a cell and the record that it stands in.</summary>
/// <param name="Record">The run.</param>
/// <param name="Cell">Its items.</param>
/// <param name="Row">Their scores.</param>
public sealed record SourcedCellRow(BenchmarkRecord Record, BenchmarkCell Cell, CellRow Row);

/// <summary>
/// Runs of one benchmark with one model, mode, data and settings: one table, in which rows are compared in pairs on the items that both have. Where several runs have a row of a cell, the one with most items
/// counts, of those the newest.
/// </summary>
public sealed class BenchmarkTable
{
    private readonly SortedDictionary<CellOrder, Dictionary<ItemRow, SourcedCellRow>> cells = [];

    private BenchmarkTable(IReadOnlyList<BenchmarkRecord> records, bool smallerIsBetter)
    {
        (Records, SmallerIsBetter) = (records, smallerIsBetter);
        var data = new Dictionary<string, (string Digest, string Id)>();
        foreach (var record in records)
        {
            RequireSameData(data, record);
            foreach (var cell in record.Cells.Where(cell => cell.SmallerIsBetter == smallerIsBetter))
            {
                if (!cells.TryGetValue(new CellOrder(cell.Key), out var rows)) cells.Add(new CellOrder(cell.Key), rows = []);
                foreach (var row in cell.Rows)
                {
                    var next = new SourcedCellRow(record, cell, row);
                    if (rows.TryGetValue(row.Row, out var known))
                    {
                        RequireSameOptions(known, next);
                        if (known.Cell.Items.All.Count > cell.Items.All.Count) continue;
                    }
                    rows[row.Row] = next;
                }
            }
        }
        var order = records.SelectMany(record => record.Methods.Keys).Distinct().ToList();
        Rows = [.. cells.Values.SelectMany(rows => rows.Keys).Distinct().OrderBy(row => order.IndexOf(row.Method)).ThenBy(row => row.RatioRequested)];
        Tasks = [.. records.SelectMany(record => record.Cells).Where(cell => cell.SmallerIsBetter == smallerIsBetter).Select(cell => cell.Task).Distinct()];
    }

    /// <summary>The runs, oldest first.</summary>
    public IReadOnlyList<BenchmarkRecord> Records { get; }

    /// <summary>Whether a smaller score is a better one (losses); shares and losses stand in tables of their own.</summary>
    public bool SmallerIsBetter { get; }

    /// <summary>Dense first, methods in the order of the runs, ratios rising.</summary>
    public IReadOnlyList<ItemRow> Rows { get; }

    /// <summary>Tasks in the order of the runs.</summary>
    public IReadOnlyList<string> Tasks { get; }

    /// <summary>All cells' rows, by task, length and variant.</summary>
    public IEnumerable<SourcedCellRow> All => cells.Values.SelectMany(rows => rows.Values);

    /// <summary>The cells of a row, by task, length and variant.</summary>
    public IReadOnlyList<SourcedCellRow> Of(ItemRow row) => [.. cells.Values.Select(rows => rows.GetValueOrDefault(row)).OfType<SourcedCellRow>()];

    /// <summary>Tables of records, one for each benchmark, model, mode, type of numbers and settings that change a score; losses apart from shares.</summary>
    /// <exception cref="DataException">Two runs of one table have other data, or call two things by one name.</exception>
    public static IReadOnlyList<BenchmarkTable> Join(IEnumerable<BenchmarkRecord> records) =>
    [
        .. records.GroupBy(r => (r.Benchmark, r.Model.WeightsSha256, r.Mode, r.Dtype, r.Seed, Settings(r)))
            .SelectMany(group => new[] { false, true }.Select(isLoss => (IsLoss: isLoss, Records: group.Where(record => record.Cells.Any(cell => cell.SmallerIsBetter == isLoss)).OrderBy(r => r.Created, StringComparer.Ordinal).ThenBy(r => r.Id, StringComparer.Ordinal).ToList())))
            .Where(group => group.Records.Count > 0).Select(group => new BenchmarkTable(group.Records, group.IsLoss))
            .OrderBy(t => t.Records[0].Model.Name, StringComparer.Ordinal).ThenBy(t => t.Records[0].Benchmark, StringComparer.Ordinal).ThenBy(t => t.Records[0].Mode, StringComparer.Ordinal).ThenBy(t => t.Records[0].Id, StringComparer.Ordinal),
    ];

    private static string Settings(BenchmarkRecord record) => string.Join(' ', record.Options.Where(option => !BenchmarkRecords.Choices.Contains(option.Key)).OrderBy(option => option.Key, StringComparer.Ordinal).Select(option => $"{option.Key}={option.Value?.ToJsonString()}"));

    private static void RequireSameData(Dictionary<string, (string Digest, string Id)> known, BenchmarkRecord record)
    {
        foreach (var (name, digest) in record.Data)
        {
            if (known.TryAdd(name, (digest, record.Id)) || known[name].Digest == digest) continue;
            throw new DataException($"The records '{known[name].Id}' and '{record.Id}' must have the same data to stand in one table, but '{name}' differs; name the records that belong together.");
        }
    }

    private static void RequireSameOptions(SourcedCellRow older, SourcedCellRow newer)
    {
        if (Options(older) != Options(newer))
            throw new DataException($"The records '{older.Record.Id}' and '{newer.Record.Id}' both have rows '{newer.Row.Method}', but with other options or another sidecar; name the records that belong into one table.");
        if (!older.Cell.ParityFlags.SequenceEqual(newer.Cell.ParityFlags))
            throw new DataException($"The records '{older.Record.Id}' and '{newer.Record.Id}' both have items of {older.Cell.Key}, but made or scored otherwise ({string.Join(", ", newer.Cell.ParityFlags)}); name the records that belong into one table.");
    }

    // What holds at the row's ratio; the name of a file says nothing.
    private static string Options(SourcedCellRow row)
    {
        var options = row.Record.Methods[row.Row.Method].DeepClone().AsObject();
        var here = (options["at"] as JsonObject)?[row.Row.Ratio.ToString(CultureInfo.InvariantCulture)]?.DeepClone().AsObject();
        options.Remove("at");
        here?.Remove("file");
        return options.ToJsonString() + here?.ToJsonString();
    }

    private readonly record struct CellOrder(CellKey Key) : IComparable<CellOrder>
    {
        public int CompareTo(CellOrder other) => string.CompareOrdinal(Key.Task, other.Key.Task) is var byTask and not 0 ? byTask
            : Nullable.Compare(Key.Length, other.Key.Length) is var byLength and not 0 ? byLength : string.CompareOrdinal(Key.Variant, other.Key.Variant);
    }
}
