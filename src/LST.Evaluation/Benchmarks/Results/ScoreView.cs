using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Benchmarks.Results;

/// <summary>
/// A table with one score in columns: by task, by length, or by a label of items. A column weighs its tasks alike, and so does the average over all: the mean of task means (benchmarks §8). Rows are compared
/// with dense on the items that both have.
/// </summary>
public sealed class ScoreView
{
    /// <summary>The columns that every table has.</summary>
    public const string ByTask = "task", ByLength = "length";

    // Bands that depths are put together in.
    private const int DepthBands = 5;

    // Fewer pairs show no margin.
    private const int LeastPairs = 20;

    private static readonly ItemRow Dense = new("dense", 1);
    private static readonly HashSet<string> Shares = ["score", "acc", "acc_norm", "found", "overlap"];
    private readonly BenchmarkTable table;
    private readonly string by;
    private readonly string? metric;
    private readonly long seed;
    private readonly Dictionary<(ItemRow, string?), IReadOnlyList<Part>> parts = [];
    private readonly Dictionary<(ItemRow, string?), Estimate> scores = [], differences = [];
    private readonly HashSet<(Dictionary<(ItemRow, string?), Estimate>, string?)> filled = [];

    /// <summary>Looks at a table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="by"><c>task</c>, <c>length</c>, or a label of items: <c>depth</c> (in bands of 20 %), <c>template</c>, <c>keys</c>, <c>kind</c>.</param>
    /// <param name="metric">Name of a score; null: each task's headline.</param>
    /// <exception cref="UsageException">No cell has such a label or score.</exception>
    public ScoreView(BenchmarkTable table, string by = ByTask, string? metric = null)
    {
        (this.table, this.by, this.metric, seed) = (table, by, metric, table.Records[0].Seed);
        var all = table.All.ToList();
        if (metric is not null && !all.Exists(row => row.Row.Scores.ContainsKey(metric)))
            throw new UsageException($"score '{metric}' is unknown here; known: {string.Join(", ", all.SelectMany(row => row.Row.Scores.Keys).Distinct())}");
        Columns = by switch
        {
            ByTask => [.. table.Tasks.Where(task => all.Exists(row => row.Cell.Task == task && Has(row)))],
            _ => [.. all.Where(Has).SelectMany(row => Enumerable.Range(0, row.Cell.Items.All.Count).Select(item => ColumnOf(row.Cell, item))).OfType<string>().Distinct().OrderBy(text => double.TryParse(text.Split('–')[0], System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 0).ThenBy(text => text, StringComparer.Ordinal)],
        };
        if (Columns.Count == 0)
            throw new UsageException($"--by {by}: these records have nothing of that name; known: {string.Join(", ", new[] { ByTask, ByLength }.Concat(all.SelectMany(row => row.Cell.Labels?.Keys ?? [])).Distinct())}");
    }

    /// <summary>The columns.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>A column's name, with that of its score where it is not the usual one: <c>hellaswag (acc_norm)</c>.</summary>
    public string Heading(string column)
    {
        if (by != ByTask || (metric ?? table.All.First(row => row.Cell.Task == column).Cell.Headline) is var score && score is "score" or "acc" or "found") return column;
        return $"{column} ({score})";
    }

    /// <summary>The table.</summary>
    public BenchmarkTable Table => table;

    /// <summary>Rows that have items of every column.</summary>
    public IReadOnlyList<ItemRow> Rows => [.. table.Rows.Where(row => Columns.All(column => Parts(row, column).Count > 0))];

    /// <summary>Whether smaller scores are better ones.</summary>
    public bool SmallerIsBetter => metric != "loglik" && table.SmallerIsBetter;

    /// <summary>Whether scores are shares, to be shown in percent.</summary>
    public bool IsShare => !SmallerIsBetter && Shares.Contains(metric ?? table.All.First(Has).Cell.Headline);

    /// <summary>Items of a row.</summary>
    public int Items(ItemRow row, string? column = null) => Parts(row, column).Sum(part => part.Items.Length);

    /// <summary>Mean score with its 95 % interval; null: the row has no such items.</summary>
    /// <param name="row">The row.</param>
    /// <param name="column">A column; null: the average over all tasks.</param>
    public Estimate? Score(ItemRow row, string? column = null)
    {
        Fill(scores, column, other => [.. Parts(other, column).GroupBy(part => part.Task).Select(task => task.SelectMany(part => part.Scores).ToArray())],
            tasks => IsShare && tasks is [var only] && only.All(score => score is 0 or 1) ? StandardErrors.Wilson((int)only.Sum(), only.Length) : null);
        return scores.TryGetValue((row, column), out var estimate) ? estimate : null;
    }

    /// <summary>Mean of score − dense's with its paired 95 % interval; null: no items in common.</summary>
    public Estimate? Difference(ItemRow row, string? column = null)
    {
        Fill(differences, column, other => [.. Pairs(other, column).GroupBy(pair => pair.Task).Select(task => task.SelectMany(pair => pair.Scores.Zip(pair.Others, (score, dense) => score - dense)).ToArray())], _ => null);
        return differences.TryGetValue((row, column), out var estimate) ? estimate : null;
    }

    /// <summary>
    /// Whether a row loses less than a margin against dense by its whole paired interval (benchmarks §8), not adjusted for the number of rows. Where hardly a pair differs a bootstrap is too narrow: the loss
    /// of a share is taken for at least what none of a task's n pairs would show with 2.5 %, 1 − 0.025^(1/n), in the task where that is largest.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="margin">In the unit of the scores; 0.02 is 2 points of a share.</param>
    /// <returns>True: the whole interval of the loss lies below the margin; false: above it; null: neither, or there are fewer than twenty pairs.</returns>
    public bool? LosesLessThan(ItemRow row, double margin)
    {
        if (Difference(row) is not { Units: >= LeastPairs } difference) return null;
        var (least, most) = SmallerIsBetter ? (difference.Low, difference.High) : (-difference.High, -difference.Low);
        if (IsShare)
        {
            var tasks = Pairs(row, null).GroupBy(pair => pair.Task).Select(task => task.Sum(pair => pair.Scores.Length)).ToList();
            most = Math.Max(most, tasks.Max(pairs => 1 - Math.Pow(0.025, 1.0 / pairs)) / tasks.Count);
        }
        return most < margin ? true : least > margin ? false : null;
    }

    /// <summary>Mean of a row's score − another's over the tasks, with its paired 95 % interval on the items that both have; null: none.</summary>
    public Estimate? Between(ItemRow row, ItemRow other)
    {
        var tasks = Pairs(row, null, other).GroupBy(pair => pair.Task).Select(task => task.SelectMany(pair => pair.Scores.Zip(pair.Others, (score, reference) => score - reference)).ToArray()).ToList();
        return tasks.Count == 0 ? null : StratifiedBootstrap.AverageOfMeans(tasks, seed);
    }

    /// <summary>Whether a row's items of a column were compressed enough to say anything of its method (benchmarks §2.5).</summary>
    public bool IsCompressed(ItemRow row, string? column = null) => row == Dense || RatioEffective(row, column) >= ItemSummary.LeastRatio;

    /// <summary>Exact p of each row against dense over all items in common, adjusted for the number of rows (Holm); rows without any are left out.</summary>
    public IReadOnlyDictionary<ItemRow, double> AdjustedP(IReadOnlyList<ItemRow> rows)
    {
        var compared = rows.Where(row => row != Dense).Select(row => (Row: row, Pairs: Pairs(row, null))).Where(row => row.Pairs.Count > 0).ToList();
        var p = PairedComparison.Holm([.. compared.Select(row => PairedComparison.Of([.. row.Pairs.SelectMany(pair => pair.Scores)], [.. row.Pairs.SelectMany(pair => pair.Others)]).McNemarP)]);
        return compared.Select((row, i) => (row.Row, P: p[i])).ToDictionary(row => row.Row, row => row.P);
    }

    /// <summary>Pooled effective ratio of a row, or of the cells of a column; a label's columns have that of the whole cells.</summary>
    public double RatioEffective(ItemRow row, string? column = null)
    {
        var rows = Parts(row, column).Select(part => part.Source.Row).Distinct().ToList();
        var kept = rows.Sum(part => part.KvEntriesKept);
        return kept == 0 ? 1 : (double)rows.Sum(part => part.KvEntriesFull) / kept;
    }

    /// <summary>Mean number of ids of a context that may be compressed, dense's items of a column; 0: there is no dense row.</summary>
    public double TokensPerContext(string? column = null)
    {
        var cells = Parts(Dense, column).Select(part => part.Source.Cell).Distinct().ToList();
        var contexts = cells.Sum(cell => (cell.ContextsPerItem ?? 1) * cell.Items.All.Count);
        return contexts == 0 ? 0 : cells.Sum(cell => cell.MeanTokens * cell.Items.All.Count) / contexts;
    }

    /// <summary>How many of a row's items have a cache smaller than the dense one; a label's columns have those of the whole cells.</summary>
    public (int Compressed, int All) CompressedItems(ItemRow row, string? column = null)
    {
        var sources = Parts(row, column).Select(part => part.Source).Distinct().ToList();
        return (sources.Sum(source => source.Row.CompressedItems), sources.Sum(source => source.Cell.Items.All.Count));
    }

    /// <summary>Bytes that a token which may be compressed takes in a row's caches, all cells.</summary>
    public double BytesPerToken(ItemRow row)
    {
        var sources = Parts(row, null).Select(part => part.Source).Distinct().ToList();
        var tokens = sources.Sum(source => source.Cell.MeanTokens * source.Cell.Items.All.Count);
        return tokens == 0 ? 0 : sources.Sum(source => source.Row.BytesPerToken * source.Cell.MeanTokens * source.Cell.Items.All.Count) / tokens;
    }

    // All rows of a column at once: those with as many items in each task share their draws.
    private void Fill(Dictionary<(ItemRow, string?), Estimate> known, string? column, Func<ItemRow, IReadOnlyList<double[]>> tasksOf, Func<IReadOnlyList<double[]>, Estimate?> exact)
    {
        if (!filled.Add((known, column))) return;
        var rows = table.Rows.Select(row => (Row: row, Tasks: tasksOf(row))).Where(row => row.Tasks.Count > 0).ToList();
        foreach (var (row, tasks) in rows)
            if (exact(tasks) is { } estimate) known[(row, column)] = estimate;
        foreach (var group in rows.Where(row => !known.ContainsKey((row.Row, column))).GroupBy(row => string.Join(' ', row.Tasks.Select(task => task.Length))))
        {
            var alike = group.ToList();
            foreach (var (i, estimate) in StratifiedBootstrap.AveragesOfMeans(alike.ConvertAll(row => row.Tasks), seed).Index()) known[(alike[i].Row, column)] = estimate;
        }
    }

    private bool Has(SourcedCellRow row) => row.Row.Scores.ContainsKey(metric ?? row.Cell.Headline);

    private IReadOnlyList<Part> Parts(ItemRow row, string? column)
    {
        if (parts.TryGetValue((row, column), out var known)) return known;
        List<Part> made = [];
        foreach (var source in table.Of(row).Where(Has))
        {
            var values = source.Row.Scores[metric ?? source.Cell.Headline].Values;
            int[] chosen = [.. Enumerable.Range(0, values.Count).Where(item => ColumnOf(source.Cell, item) is { } own && (column is null || own == column))];
            if (chosen.Length > 0) made.Add(new Part(source.Cell.Task, source, [.. chosen.Select(item => source.Cell.Items.All[item])], [.. chosen.Select(item => values[item])]));
        }
        return parts[(row, column)] = made;
    }

    private List<Pair> Pairs(ItemRow row, string? column, ItemRow? reference = null)
    {
        var against = reference ?? Dense;
        var dense = Parts(against, column).ToDictionary(part => part.Source.Cell.Key);
        List<Pair> pairs = [];
        foreach (var part in Parts(row, column))
        {
            if (row == against || !dense.TryGetValue(part.Source.Cell.Key, out var other)) continue;
            var place = other.Items.Index().ToDictionary(item => item.Item, item => item.Index);
            int[] common = [.. Enumerable.Range(0, part.Items.Length).Where(item => place.ContainsKey(part.Items[item]))];
            if (common.Length > 0) pairs.Add(new Pair(part.Task, [.. common.Select(item => part.Scores[item])], [.. common.Select(item => other.Scores[place[part.Items[item]]])]));
        }
        return pairs;
    }

    private string? ColumnOf(BenchmarkCell cell, int item) => by switch
    {
        ByTask => cell.Task,
        ByLength => cell.Length?.ToString(System.Globalization.CultureInfo.InvariantCulture),
        "depth" => cell.Labels?.GetValueOrDefault(by)?[item]?.GetValue<double>() is { } depth ? Band(depth) : null,
        _ => cell.Labels?.GetValueOrDefault(by)?[item]?.ToString(),
    };

    // 0–20, 20–40, …
    private static string Band(double depth)
    {
        var band = Math.Min((int)(depth / 100 * DepthBands), DepthBands - 1);
        return FormattableString.Invariant($"{100 * band / DepthBands}–{100 * (band + 1) / DepthBands} %");
    }

    private sealed record Part(string Task, SourcedCellRow Source, int[] Items, double[] Scores);

    private sealed record Pair(string Task, double[] Scores, double[] Others);
}
