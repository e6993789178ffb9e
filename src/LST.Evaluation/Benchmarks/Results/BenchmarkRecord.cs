using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Records;

namespace LST.Evaluation.Benchmarks.Results;

/// <summary>
/// One run of <c>eval recall</c>, <c>ruler</c>, <c>niah</c> or <c>zeroshot</c>: the scores of every item under every row, without the answers, which stay in the run's item lines. All that tables say is computed
/// from these scores (<see cref="BenchmarkTable"/>).
/// </summary>
public sealed record BenchmarkRecord : RunRecord
{
    /// <summary>Kind of these records.</summary>
    public const string RecordKind = "items";

    /// <summary>An empty record, to be filled.</summary>
    public BenchmarkRecord()
        : base(RecordKind)
    {
    }

    /// <summary><c>recall</c>, <c>ruler</c>, <c>niah</c> or <c>zeroshot</c>.</summary>
    public required string Benchmark { get; init; }

    /// <summary>What was compressed: <c>query-agnostic</c>, <c>query-aware</c>, <c>mc-p</c>, <c>rolling</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>Digest of each data file by its name.</summary>
    public required IReadOnlyDictionary<string, string> Data { get; init; }

    /// <summary>Commits of the builds that scored the items; <see cref="RunRecord.Versions"/> is of the build that wrote the record.</summary>
    public IReadOnlyList<string> ScoredBy { get; init; } = [];

    /// <summary>Resolved options of each method by how it was typed; <c>at</c> has what a ratio adds, such as the digest of a sidecar.</summary>
    public required IReadOnlyDictionary<string, JsonObject> Methods { get; init; }

    /// <summary>What could not be run, a sentence each.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Notes { get; init; }

    /// <summary>Tasks by length and variant.</summary>
    public required IReadOnlyList<BenchmarkCell> Cells { get; init; }

    /// <summary>Examples in front of each item; 0: none.</summary>
    [JsonIgnore]
    public int Shots => Options["shots"]?.GetValue<int>() ?? 0;

    /// <summary>What tells the run's table from others: benchmark, model, mode, examples.</summary>
    [JsonIgnore]
    public string Title => $"{Benchmark}, {Model.Name}, {Mode}{(Shots > 0 ? FormattableString.Invariant($", {Shots}-shot") : "")}";

    /// <inheritdoc/>
    public override string ReadableName() => FormattableString.Invariant($"{Benchmark}-{Model.Name}{(Shots > 0 ? $"-{Shots}shot" : "")}{(Mode == "query-aware" ? "-query-aware" : "")}");

    /// <inheritdoc/>
    public override string? Contradiction()
    {
        if (Cells.Count == 0) return "it has no cells";
        if (Cells.GroupBy(cell => cell.Key).FirstOrDefault(group => group.Count() > 1) is { } twice) return $"the cell {twice.Key} is there twice";
        foreach (var cell in Cells)
            if (cell.Contradiction(Methods) is { } found) return $"cell {cell.Key}: {found}";
        return null;
    }
}

/// <summary>What makes a cell: items of a task of one length and variant.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="Length">Length in the task's own unit; null: the task has none.</param>
/// <param name="Variant">Labelled variant; null: the reference.</param>
public readonly record struct CellKey(string Task, int? Length, string? Variant)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Task}{(Length is { } length ? $" at {length}" : "")}{(Variant is null ? "" : $" ({Variant})")}");
}

/// <summary>The items of a task of one length and variant under all rows.</summary>
public sealed record BenchmarkCell
{
    /// <summary>Name of the task; few-shot tasks end with <c>-5shot</c>.</summary>
    public required string Task { get; init; }

    /// <summary>Length in the task's own unit (tokens, words); null: the task has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Length { get; init; }

    /// <summary>Labelled variant; null: the reference.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Variant { get; init; }

    /// <summary>Name of the score that tables show.</summary>
    public required string Headline { get; init; }

    /// <summary>Whether a smaller score is a better one (losses).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool SmallerIsBetter { get; init; }

    /// <summary>Switches that decide whether scores are the reference program's, those of all items.</summary>
    public required IReadOnlyList<string> ParityFlags { get; init; }

    /// <summary>Items by their numbers among those of this length and variant (RULER: samples; needles: depths; else places in the task's file).</summary>
    public required ItemPlaces Items { get; init; }

    /// <summary>Mean number of an item's ids that were prefilled and may be compressed, over all its contexts.</summary>
    public required double MeanTokens { get; init; }

    /// <summary>Mean number of contexts of an item, each compressed by itself; null: one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ContextsPerItem { get; init; }

    /// <summary>What else tells items apart, one value an item: <c>depth</c> in percent, <c>template</c>, <c>keys</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, JsonArray>? Labels { get; init; }

    /// <summary>Methods and ratios, dense first.</summary>
    [JsonPropertyName("method_rows")]
    public required IReadOnlyList<CellRow> Rows { get; init; }

    /// <summary>What makes it.</summary>
    [JsonIgnore]
    public CellKey Key => new(Task, Length, Variant);

    internal string? Contradiction(IReadOnlyDictionary<string, JsonObject> methods)
    {
        var items = Items.All.Count;
        if (items == 0 || Rows.Count == 0) return "it has no items or no rows";
        if (Labels?.FirstOrDefault(label => label.Value.Count != items) is { Key: not null } label) return $"label '{label.Key}' has {label.Value.Count} values for {items} items";
        if (Rows.GroupBy(row => row.Row).FirstOrDefault(group => group.Count() > 1) is { } twice) return $"{twice.Key} is there twice";
        foreach (var row in Rows)
            if (row.Contradiction(this, methods) is { } found) return $"{row.Row}: {found}";
        return null;
    }
}

/// <summary>A method at a ratio on the items of a cell.</summary>
public sealed record CellRow
{
    /// <summary>The method as it was typed.</summary>
    public required string Method { get; init; }

    /// <summary>Asked ratio; 1 for dense.</summary>
    public required double Ratio { get; init; }

    /// <summary>Pairs of key and value of the dense caches of all items, all layers and heads.</summary>
    public required long KvEntriesFull { get; init; }

    /// <summary>Pairs that were kept.</summary>
    public required long KvEntriesKept { get; init; }

    /// <summary>Pooled: full over kept; 1 where nothing was cached.</summary>
    public double RatioEffective => KvEntriesKept == 0 ? 1 : (double)KvEntriesFull / KvEntriesKept;

    /// <summary>Bytes of what was kept, all items, over the ids that may be compressed; 0 where nothing was cached.</summary>
    public required double BytesPerToken { get; init; }

    /// <summary>Items whose cache is smaller than the dense one.</summary>
    public required int CompressedItems { get; init; }

    /// <summary>Mean of the headline score.</summary>
    public required double Score { get; init; }

    /// <summary>Its 95 % interval: Wilson's where every score is 0 or 1, else the bootstrap's over items.</summary>
    public required IReadOnlyList<double> Ci95 { get; init; }

    /// <summary>Mean of score − dense's on the same items; null: the run has no dense row, or this is it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Difference { get; init; }

    /// <summary>Its 95 % interval by the paired bootstrap.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? DifferenceCi95 { get; init; }

    /// <summary>McNemar's exact p against dense, not adjusted for the number of rows; the sign test's where scores are not 0 or 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? P { get; init; }

    /// <summary>Perplexity of a task that has one: of LAMBADA exp(−mean log-likelihood of an item), of rolling windows a word's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Perplexity { get; init; }

    /// <summary>That over dense's on the same items; an item counts as one token of the perplexity.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? PerplexityOverDense { get; init; }

    /// <summary>Its 95 % interval by the paired bootstrap.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? PerplexityOverDenseCi95 { get; init; }

    /// <summary>Scores of the items by name, the headline first.</summary>
    public required IReadOnlyDictionary<string, ItemScores> Scores { get; init; }

    /// <summary>Method and ratio.</summary>
    [JsonIgnore]
    public ItemRow Row => new(Method, Ratio);

    internal string? Contradiction(BenchmarkCell cell, IReadOnlyDictionary<string, JsonObject> methods)
    {
        if (!methods.ContainsKey(Method)) return "its method's options are not there";
        if (!Scores.TryGetValue(cell.Headline, out var headline)) return $"it has no score '{cell.Headline}'";
        if (Scores.FirstOrDefault(score => score.Value.Values.Count != cell.Items.All.Count) is { Key: not null } wrong) return $"'{wrong.Key}' has {wrong.Value.Values.Count} scores for {cell.Items.All.Count} items";
        if (KvEntriesKept > KvEntriesFull || KvEntriesKept < 0) return $"{KvEntriesKept} entries kept of {KvEntriesFull}";
        if (CompressedItems < 0 || CompressedItems > cell.Items.All.Count) return $"{CompressedItems} compressed items of {cell.Items.All.Count}";
        var mean = headline.Values.Average();
        if (Math.Abs(Score - mean) > 1e-9 * Math.Max(1, Math.Abs(mean))) return $"score {Score} is not the mean of its items, {mean}";
        return Ci95 is [var low, var high] && low <= high ? null : "the interval must be [low, high]";
    }
}
