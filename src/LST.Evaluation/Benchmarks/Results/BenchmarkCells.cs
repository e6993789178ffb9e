using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Benchmarks.Results;

/// <summary>Cells of a record from item lines.</summary>
/// <param name="seed">Seed of the bootstraps.</param>
public sealed class BenchmarkCells(long seed = 0)
{
    private const int Decimals = 6;
    private static readonly string[] LabelNames = ["template", "keys", "kind", "tokens", "words", "bytes"];
    private readonly Dictionary<int, PairedBootstrap> bootstraps = [];

    /// <summary>The cells of a task, in the order of lengths and variants.</summary>
    /// <param name="lines">Its lines; every row has the same items in every cell.</param>
    /// <param name="headline">Name of the first score.</param>
    /// <param name="smallerIsBetter">Whether a smaller score is a better one.</param>
    /// <param name="perplexity">Perplexity over the lines of a row; null: the task has none.</param>
    /// <param name="placeOf">Number of an item within its cell; null: its place in the task.</param>
    /// <param name="contextsOf">Contexts of an item; null: one each.</param>
    /// <exception cref="DataException">A row lacks an item that another row has.</exception>
    public IReadOnlyList<BenchmarkCell> Of(IReadOnlyList<ItemLine> lines, string headline, bool smallerIsBetter = false, Func<IReadOnlyList<ItemLine>, double?>? perplexity = null, Func<string, int>? placeOf = null, Func<string, int>? contextsOf = null) =>
    [
        .. lines.Select(line => placeOf is null ? line : line with { ItemIndex = placeOf(line.ItemId) }).GroupBy(line => new CellKey(line.Task, line.Length, line.Variant)).OrderBy(cell => cell.Key.Length).ThenBy(cell => cell.Key.Variant, StringComparer.Ordinal)
            .Select(cell => Cell(cell.Key, [.. cell.GroupBy(line => line.Row).OrderBy(row => row.Key).Select(row => row.OrderBy(line => line.ItemIndex).ToArray())], headline, smallerIsBetter, perplexity, contextsOf)),
    ];

    private BenchmarkCell Cell(CellKey key, ItemLine[][] rows, string headline, bool smallerIsBetter, Func<IReadOnlyList<ItemLine>, double?>? perplexity, Func<string, int>? contextsOf)
    {
        var items = rows[0];
        if (rows.FirstOrDefault(row => !row.Select(line => line.ItemId).SequenceEqual(items.Select(line => line.ItemId), StringComparer.Ordinal)) is { } other)
            throw new DataException($"{key}: a record needs every row on the same items, but {items[0].Row} has {items.Length} and {other[0].Row} {other.Length}, or others; run the command to its end.");
        var dense = rows.FirstOrDefault(row => row[0].Row == new ItemRow("dense", 1));
        return new BenchmarkCell
        {
            Task = key.Task,
            Length = key.Length,
            Variant = key.Variant,
            Headline = headline,
            SmallerIsBetter = smallerIsBetter,
            ParityFlags = items[0].ParityFlags,
            Items = new ItemPlaces([.. items.Select(line => checked((int)line.ItemIndex))]),
            MeanTokens = Math.Round(items.Average(line => (double)line.TokensCtx), 2),
            ContextsPerItem = contextsOf is null || items.All(line => contextsOf(line.ItemId) == 1) ? null : Math.Round(items.Average(line => (double)contextsOf(line.ItemId)), 4),
            Labels = Labels(items),
            Rows = [.. rows.Select(row => Row(row, dense, headline, perplexity?.Invoke(row)))],
        };
    }

    private CellRow Row(ItemLine[] items, ItemLine[]? dense, string headline, double? perplexity)
    {
        var scores = new Dictionary<string, ItemScores> { [headline] = new([.. items.Select(line => line.Score)]) };
        foreach (var name in items[0].Scores?.Keys ?? [])
            scores.TryAdd(name, new ItemScores([.. items.Select(line => line.Scores?.TryGetValue(name, out var score) == true ? score : throw new DataException($"{line.Key} has no score '{name}', which the first item of its row has; score its task in a folder of its own."))]));
        if (perplexity is not null) scores["loglik"] = new ItemScores([.. items.Select(line => line.Loglik!.Sum())]);
        var headlines = scores[headline];
        var compared = dense is null || ReferenceEquals(dense, items) ? null : PairedComparison.Of(headlines.Values, new ItemScores([.. dense.Select(line => line.Score)]).Values);
        var differences = compared is null ? null : headlines.Values.Zip(new ItemScores([.. dense!.Select(line => line.Score)]).Values, (a, b) => a - b).ToList();
        var difference = differences is null ? (Estimate?)null : Bootstrap(items.Length).Mean(differences);
        var overDense = perplexity is null || compared is null ? (Estimate?)null : Bootstrap(items.Length).Mean([.. items.Zip(dense!, (a, b) => b.Loglik!.Sum() - a.Loglik!.Sum())]);
        var row = items[0];
        return new CellRow
        {
            Method = row.Method,
            Ratio = row.RatioRequested,
            KvEntriesFull = items.Sum(line => line.KvEntriesFull),
            KvEntriesKept = items.Sum(line => line.KvEntriesKept),
            BytesPerToken = Math.Round(items.Sum(line => (double)line.CacheBytesKept) / Math.Max(1, items.Sum(line => (double)line.TokensCtx)), 2),
            CompressedItems = row.Method == "dense" ? 0 : items.Count(line => line.IsCompressed),
            Score = headlines.Values.Average(),
            Ci95 = Rounded((headlines.IsBinary ? StandardErrors.Wilson((int)headlines.Values.Sum(), items.Length) : Bootstrap(items.Length).Mean(headlines.Values)).Ci95),
            Difference = difference is { } mean ? Math.Round(mean.Value, Decimals) : null,
            DifferenceCi95 = difference is { } interval ? Rounded(interval.Ci95) : null,
            P = compared is null ? null : Math.Round(compared.McNemarP, Decimals),
            Perplexity = perplexity,
            PerplexityOverDense = overDense is { } ratio ? Math.Exp(ratio.Value) : null,
            PerplexityOverDenseCi95 = overDense is { } ends ? Rounded([Math.Exp(ends.Low), Math.Exp(ends.High)]) : null,
            Scores = scores,
        };
    }

    // What tells items apart and is written on every line of an item alike.
    private static Dictionary<string, JsonArray>? Labels(ItemLine[] items)
    {
        var labels = new Dictionary<string, JsonArray>();
        var depths = items.Select(line => line.Depth).ToList();
        if (!depths.Contains(null)) labels["depth"] = new JsonArray([.. depths.Select(depth => (JsonNode?)depth)]);
        foreach (var name in LabelNames)
        {
            if (items.All(line => line.Further?.ContainsKey(name) == true))
                labels[name] = new JsonArray([.. items.Select(line => JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(line.Further![name], RecordJson.Options)))]);
        }
        return labels.Count == 0 ? null : labels;
    }

    private static double[] Rounded(IEnumerable<double> values) => [.. values.Select(value => Math.Round(value, Decimals))];

    private PairedBootstrap Bootstrap(int items)
    {
        if (!bootstraps.TryGetValue(items, out var bootstrap)) bootstraps.Add(items, bootstrap = new PairedBootstrap(items, seed));
        return bootstrap;
    }
}
