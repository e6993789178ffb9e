using System.Diagnostics;
using LST.Core.Compression;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>What a benchmark is asked for.</summary>
public sealed record BenchmarkSettings
{
    /// <summary>Methods; dense is added in front when it is missing.</summary>
    public required IReadOnlyList<MethodSpec> Methods { get; init; }

    /// <summary>Ratios.</summary>
    public required IReadOnlyList<Ratio> Ratios { get; init; }

    /// <summary>Items of a task, drawn by a seeded shuffle; null: all.</summary>
    public int? Limit { get; init; }

    /// <summary>Part of each task.</summary>
    public Shard Shard { get; init; }
}

/// <summary>
/// Scores every item of some tasks under every row and writes a line for each, item after item: stopped or killed, the same command goes on behind the last line, and nothing is scored twice.
/// </summary>
/// <param name="settings">What is asked for.</param>
/// <param name="contexts">Compresses contexts; says which rows have nothing to work with.</param>
public sealed class BenchmarkRun(BenchmarkSettings settings, CompressedContexts contexts)
{
    private readonly List<string> notes = [];

    /// <summary>Sentences on rows that were left out.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Runs the tasks.</summary>
    /// <param name="tasks">Loaded tasks.</param>
    /// <param name="folder">Where lines go.</param>
    /// <param name="progress">Told after each item.</param>
    /// <param name="cancel">Stops between items; what was scored stays.</param>
    public void Run(IReadOnlyList<IBenchmarkTask> tasks, ItemFolder folder, IRunProgress? progress = null, CancellationToken cancel = default)
    {
        progress ??= new SilentProgress();
        var rows = Rows();
        foreach (var task in tasks)
        {
            using var log = folder.Log(task.Name, settings.Shard);
            var selected = Selected(task);
            List<(int Index, List<BenchmarkRow> Missing)> work = [.. selected.Select(index => (index, rows.Where(row => !log.Contains(task.ItemId(index), row.Name)).ToList()))];
            progress.Begin($"{folder.Manifest.Model} · {task.Name}", selected.Count, work.Count(item => item.Missing.Count == 0), "items");
            foreach (var (index, missing) in work.Where(item => item.Missing.Count > 0))
            {
                cancel.ThrowIfCancellationRequested();
                var lines = task.Score(index, missing, cancel);
                if (lines.Count != missing.Count) throw new UnreachableException($"{task.Name}: {lines.Count} lines for {missing.Count} rows");
                log.Append([.. lines]);
                progress.Advance(1);
            }
        }
    }

    /// <summary>Whether any line is still to be scored.</summary>
    public bool IsMissingAny(IReadOnlyList<IBenchmarkTask> tasks, ItemFolder folder)
    {
        var rows = Rows();
        return tasks.Any(task =>
        {
            using var log = folder.Log(task.Name, settings.Shard);
            return Selected(task).Any(index => rows.Any(row => !log.Contains(task.ItemId(index), row.Name)));
        });
    }

    /// <summary>What a finished run asked for, of the lines of its folder, by task.</summary>
    /// <param name="tasks">Loaded tasks.</param>
    /// <param name="lines">All lines of the folder; other commands may have added to them.</param>
    public IReadOnlyList<(IBenchmarkTask Task, IReadOnlyList<ItemLine> Lines)> Asked(IReadOnlyList<IBenchmarkTask> tasks, IReadOnlyList<ItemLine> lines)
    {
        var rows = Rows().Select(row => row.Name).ToHashSet();
        return [.. tasks.Select(task =>
        {
            var items = ItemSelection.Of([.. Enumerable.Range(0, task.Count)], settings.Limit).Select(item => task.ItemId(item.Index)).ToHashSet(StringComparer.Ordinal);
            return (task, (IReadOnlyList<ItemLine>)[.. lines.Where(line => line.Task == task.Name && rows.Contains(line.Row) && items.Contains(line.ItemId))]);
        })];
    }

    // In the order in which a merge puts them, so that shards together are the whole run.
    private IReadOnlyList<int> Selected(IBenchmarkTask task) =>
        [.. ItemSelection.Of([.. Enumerable.Range(0, task.Count)], settings.Limit, settings.Shard, task.OrderOf).Select(item => item.Index).OrderBy(task.OrderOf).ThenBy(task.ItemId, StringComparer.Ordinal)];

    /// <summary>Rows that can be scored: those of learned methods without weights are left out, and said in <see cref="Notes"/>.</summary>
    public IReadOnlyList<BenchmarkRow> Rows()
    {
        List<BenchmarkRow> rows = [];
        foreach (var row in BenchmarkRow.All(settings.Methods, settings.Ratios))
        {
            if (row.Method.IsOptional && contexts.Missing(row) is { } sentence)
            {
                if (!notes.Contains(sentence)) notes.Add(sentence);
            }
            else rows.Add(row);
        }
        return rows;
    }
}
