using LST.Core;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>
/// What tables say, from item lines alone (benchmarks §8): means with intervals, rows compared on the same items, averages over tasks. Items are taken in the order of their task, so that the order
/// of lines changes no digit.
/// </summary>
public sealed class ItemStatistics
{
    private readonly SortedDictionary<string, SortedDictionary<ItemRow, List<ItemLine>>> _tasks = new(StringComparer.Ordinal);
    private readonly Dictionary<int, PairedBootstrap> _bootstraps = [];
    private readonly string? _metric;
    private readonly long _seed;
    private readonly int _replicates;

    /// <summary>Takes in lines.</summary>
    /// <param name="lines">Of any tasks and rows, each item once under a row.</param>
    /// <param name="metric">A name in <c>scores</c>; null: <c>score</c>.</param>
    /// <param name="seed">Seed of the bootstraps.</param>
    /// <param name="replicates">Replicates of the bootstraps.</param>
    /// <exception cref="DataException">An item is there twice under a row, or has no such score.</exception>
    public ItemStatistics(IEnumerable<ItemLine> lines, string? metric = null, long seed = 0, int replicates = PairedBootstrap.DefaultReplicates)
    {
        (_metric, _seed, _replicates) = (metric, seed, replicates);
        var keys = new HashSet<ItemKey>();
        foreach (var line in lines.OrderBy(line => line.ItemIndex).ThenBy(line => line.ItemId, StringComparer.Ordinal))
        {
            if (!keys.Add(line.Key)) throw new DataException($"{line.Key} must be there once, but it is there twice; merge the files first.");
            if (!_tasks.TryGetValue(line.Task, out var rows)) _tasks.Add(line.Task, rows = []);
            if (!rows.TryGetValue(line.Row, out var items)) rows.Add(line.Row, items = []);
            items.Add(line);
        }
    }

    /// <summary>Tasks in the order of their names.</summary>
    public IReadOnlyCollection<string> Tasks => _tasks.Keys;

    /// <summary>Rows of a task in their order.</summary>
    /// <exception cref="UsageException">No line of that task.</exception>
    public IReadOnlyCollection<ItemRow> Rows(string task) => RowsOf(task).Keys;

    /// <summary>A row of a task.</summary>
    /// <exception cref="UsageException">No line of that task or row.</exception>
    public ItemSummary Summary(string task, ItemRow row)
    {
        var items = Items(task, row);
        var scores = Scores(items);
        var (full, kept) = (items.Sum(item => item.KvEntriesFull), items.Sum(item => item.KvEntriesKept));
        var interval = scores.All(score => score is 0 or 1) ? StandardErrors.Wilson((int)scores.Sum(), scores.Length) : Bootstrap(scores.Length).Mean(scores);
        return new ItemSummary(task, row, StandardErrors.Mean(scores), interval, kept == 0 ? 1 : (double)full / kept,
            (double)items.Count(item => item.IsCompressed) / items.Count, items.Sum(item => (double)item.TokensCtx) / items.Sum(item => item.Contexts ?? 1));
    }

    /// <summary>Rows against one, on the items that both have; the p values are adjusted for the number of rows (Holm).</summary>
    /// <param name="task">The task.</param>
    /// <param name="reference">What every row is compared with, dense as a rule.</param>
    /// <param name="rows">The others; null: all of the task.</param>
    /// <exception cref="UsageException">No line of that task or row.</exception>
    /// <exception cref="DataException">Two rows have no item in common.</exception>
    public IReadOnlyList<ItemComparison> Against(string task, ItemRow reference, IReadOnlyList<ItemRow>? rows = null)
    {
        rows ??= [.. Rows(task).Where(row => row != reference)];
        var pairs = rows.Select(row => Pair(task, row, reference)).ToList();
        var paired = pairs.ConvertAll(pair => PairedComparison.Of(pair.Scores, pair.References));
        var holm = PairedComparison.Holm([.. paired.Select(comparison => comparison.McNemarP)]);
        return [.. rows.Select((row, i) => new ItemComparison(task, row, reference, paired[i], Bootstrap(pairs[i].Scores.Length).Mean(Differences(pairs[i])), holm[i]))];
    }

    /// <summary>Unweighted average of a row's task means, with the interval of the bootstrap inside of each task.</summary>
    /// <param name="tasks">Tasks, each of which has the row.</param>
    /// <param name="row">The row.</param>
    public Estimate Average(IReadOnlyList<string> tasks, ItemRow row) => StratifiedBootstrap.AverageOfMeans([.. tasks.Select(task => Scores(Items(task, row)))], _seed, _replicates);

    private (double[] Scores, double[] References) Pair(string task, ItemRow row, ItemRow reference)
    {
        var (items, others) = (Items(task, row), Items(task, reference).ToDictionary(item => item.ItemId, StringComparer.Ordinal));
        var common = items.FindAll(item => others.ContainsKey(item.ItemId));
        if (common.Count == 0) throw new DataException($"Task '{task}': {row} and {reference} can only be compared on the same items, but none of their {items.Count} and {others.Count} items is the same; run both on the same items.");
        return (Scores(common), Scores(common.ConvertAll(item => others[item.ItemId])));
    }

    private static double[] Differences((double[] Scores, double[] References) pair) => [.. pair.Scores.Zip(pair.References, (score, reference) => score - reference)];

    private SortedDictionary<ItemRow, List<ItemLine>> RowsOf(string task) => _tasks.TryGetValue(task, out var rows) ? rows
        : throw new UsageException($"task '{task}' has no lines; those with lines: {(Tasks.Count == 0 ? "none" : string.Join(", ", Tasks))}");

    private List<ItemLine> Items(string task, ItemRow row) => RowsOf(task).TryGetValue(row, out var items) ? items
        : throw new UsageException($"task '{task}' has no lines of {row}; those with lines: {string.Join(", ", Rows(task))}");

    private double[] Scores(List<ItemLine> items) => [.. items.Select(Score)];

    private double Score(ItemLine line) => _metric is null ? line.Score : line.Scores is { } scores && scores.TryGetValue(_metric, out var score) ? score
        : throw new DataException($"{line.Key} has no score '{_metric}'; take one of {(line.Scores is { Count: > 0 } known ? string.Join(", ", known.Keys) : "none but score")}.");

    // The draws of a number of items serve all rows, so that a comparison is paired.
    private PairedBootstrap Bootstrap(int items)
    {
        if (!_bootstraps.TryGetValue(items, out var bootstrap)) _bootstraps.Add(items, bootstrap = new PairedBootstrap(items, _seed, _replicates));
        return bootstrap;
    }
}
