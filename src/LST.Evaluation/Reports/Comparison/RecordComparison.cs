using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Reports.Comparison;

/// <summary>Something in which the configurations of two runs, or of two rows, differ.</summary>
/// <param name="Name">What it is: <c>dtype</c>, <c>options.prefix</c>, <c>lst@2 file-sha256</c>.</param>
/// <param name="A">Its value in the first; null: the first has none.</param>
/// <param name="B">Its value in the second.</param>
public sealed record ConfigurationDifference(string Name, string? A, string? B);

/// <summary>
/// Rows of two perplexity records, or of one, compared in pairs of chunks. Rows are pairs where method and ratio agree; where both sides name a
/// method, where the ratio agrees; where both name method and ratio, as they are.
/// </summary>
public sealed class RecordComparison
{
    // What a run measured, and when, is no configuration.
    private static readonly string[] Outcomes = ["id", "created", "wall_seconds", "peak_memory_bytes", "rows", "offset_bin_edges"];

    private RecordComparison(PerplexityRecord a, PerplexityRecord b, IReadOnlyList<RowComparison> rows)
    {
        (A, B, Rows) = (a, b, rows);
        List<ConfigurationDifference> differences = [];
        if (!ReferenceEquals(a, b)) Collect(differences, "", Configuration(a), Configuration(b));
        // Another method has other options; only what one method was given twice can differ.
        foreach (var row in rows.Where(row => Family(row.A) == Family(row.B)))
            Collect(differences, RowComparison.Name(row.A) == RowComparison.Name(row.B) ? RowComparison.Name(row.A) + " " : $"{RowComparison.Name(row.A)}, {RowComparison.Name(row.B)} ", row.A.Options, row.B.Options);
        Differences = differences;
    }

    /// <summary>The first record.</summary>
    public PerplexityRecord A { get; }

    /// <summary>The second, or the first again.</summary>
    public PerplexityRecord B { get; }

    /// <summary>The pairs, in the order of the first record.</summary>
    public IReadOnlyList<RowComparison> Rows { get; }

    /// <summary>In what the runs and the methods' options differ; empty: in nothing.</summary>
    public IReadOnlyList<ConfigurationDifference> Differences { get; }

    /// <summary>Compares.</summary>
    /// <param name="a">First record.</param>
    /// <param name="selectionA">Its rows.</param>
    /// <param name="b">Second record; the same object as <paramref name="a"/> for rows of one run.</param>
    /// <param name="selectionB">Its rows.</param>
    /// <exception cref="DataException">The runs scored other tokens, or under another model, so that nothing can be paired.</exception>
    /// <exception cref="UsageException">No rows are pairs.</exception>
    public static RecordComparison Of(PerplexityRecord a, RowSelection selectionA, PerplexityRecord b, RowSelection selectionB)
    {
        RequirePairs(a, b);
        var (rowsA, rowsB) = (selectionA.In(a), selectionB.In(b));
        var (anyMethod, anyRatio) = (selectionA.Method is not null && selectionB.Method is not null, selectionA.Ratio is not null && selectionB.Ratio is not null);
        var bootstrap = new PairedBootstrap(a.Chunks);
        RowComparison[] pairs = [.. from rowA in rowsA
                                    from rowB in rowsB
                                    where (anyMethod || rowA.Method == rowB.Method) && (anyRatio || rowA.Ratio == rowB.Ratio)
                                    select new RowComparison(rowA, rowB, rowA.Over(rowB, bootstrap))];
        if (pairs.Length > 0) return new RecordComparison(a, b, pairs);
        throw new UsageException($"no rows are pairs: A has {Names(rowsA)}, B has {Names(rowsB)}; name one of each as ID:method@ratio");
    }

    private static void RequirePairs(PerplexityRecord a, PerplexityRecord b)
    {
        (string What, string A, string B)[] musts =
        [
            ("model", $"{a.Model.Name} {a.Model.WeightsSha256[..Math.Min(8, a.Model.WeightsSha256.Length)]}", $"{b.Model.Name} {b.Model.WeightsSha256[..Math.Min(8, b.Model.WeightsSha256.Length)]}"),
            ("text", $"{a.Text.Name} {a.Text.Sha256[..Math.Min(8, a.Text.Sha256.Length)]}", $"{b.Text.Name} {b.Text.Sha256[..Math.Min(8, b.Text.Sha256.Length)]}"),
            ("protocol", a.Protocol, b.Protocol), ("P", $"{a.Prefix}", $"{b.Prefix}"), ("S", $"{a.Suffix}", $"{b.Suffix}"), ("number of chunks", $"{a.Chunks}", $"{b.Chunks}"),
        ];
        var others = musts.Where(must => must.A != must.B).Select(must => $"{must.What} ({must.A} and {must.B})").ToList();
        if (others.Count == 0 && !a.Rows[0].ChunkTokens.SequenceEqual(b.Rows[0].ChunkTokens)) others.Add("scored tokens of a chunk");
        if (others.Count > 0) throw new DataException($"The records '{a.Id}' and '{b.Id}' cannot be paired, because they differ in {string.Join(", ", others)}; compare runs on the same chunks under the same model.");
    }

    private static JsonObject Configuration(PerplexityRecord record)
    {
        var json = System.Text.Json.JsonSerializer.SerializeToNode(record, RecordJson.Options)!.AsObject();
        foreach (var name in Outcomes) json.Remove(name);
        json["machine"]?.AsObject().Remove("memory_bytes"); // what was free of it that day
        return json;
    }

    private static void Collect(List<ConfigurationDifference> differences, string name, JsonNode? a, JsonNode? b)
    {
        if (a is JsonObject || b is JsonObject)
        {
            var (left, right) = (a as JsonObject ?? [], b as JsonObject ?? []);
            var prefix = name.Length == 0 || name.EndsWith(' ') ? name : name + ".";
            foreach (var key in left.Select(item => item.Key).Concat(right.Select(item => item.Key)).Distinct().ToList()) Collect(differences, prefix + key, left[key], right[key]);
        }
        else if (!JsonNode.DeepEquals(a, b))
        {
            differences.Add(new ConfigurationDifference(name, Shown(a), Shown(b)));
        }
    }

    private static string? Shown(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : node?.ToJsonString(RecordJson.Options);

    private static string Family(PerplexityRow row) => row.Method.Split(':')[0];

    private static string Names(IEnumerable<PerplexityRow> rows) => string.Join(", ", rows.Select(RowComparison.Name));
}
