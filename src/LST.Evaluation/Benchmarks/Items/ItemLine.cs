using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>
/// One scored item under one row, a line of JSONL (benchmarks §0.5, conventions §7). Everything that a table shows is computed from such lines. A line holds nothing that changes from run to
/// run, no times and no dates, so that the same command gives the same bytes.
/// </summary>
public sealed record ItemLine
{
    private readonly double? _statedRatio;

    /// <summary>Name of the task; letters and digits of ASCII, <c>_</c> and <c>-</c>.</summary>
    public required string Task { get; init; }

    /// <summary>Name of the item, unique within its task over lengths and variants.</summary>
    public required string ItemId { get; init; }

    /// <summary>What lines are ordered and shards are cut by, from 0, whatever part of the task is run: the item's place, of samples in several lengths that within its length.</summary>
    public required long ItemIndex { get; init; }

    /// <summary>The method as it was typed.</summary>
    public required string Method { get; init; }

    /// <summary>Resolved options of the method, defaults included.</summary>
    public required JsonObject Options { get; init; }

    /// <summary>Asked ratio; 1 for dense.</summary>
    public required double RatioRequested { get; init; }

    /// <summary><see cref="KvEntriesFull"/> over <see cref="KvEntriesKept"/>; 1 where nothing was cached.</summary>
    public double RatioEffective
    {
        get => KvEntriesKept == 0 ? 1 : (double)KvEntriesFull / KvEntriesKept;
        init => _statedRatio = value;
    }

    /// <summary>What was compressed: <c>query-agnostic</c>, <c>query-aware</c>, or the name of a task's own protocol.</summary>
    public required string Mode { get; init; }

    /// <summary>Ids that were prefilled and compressed.</summary>
    public required int TokensCtx { get; init; }

    /// <summary>Distinct contexts of the item, over which <see cref="TokensCtx"/> is a sum; null: one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Contexts { get; init; }

    /// <summary>Pairs of key and value of the dense cache, all layers and KV heads.</summary>
    public required long KvEntriesFull { get; init; }

    /// <summary>Pairs that were kept; a super-token counts 1.</summary>
    public required long KvEntriesKept { get; init; }

    /// <summary>Bytes of the dense cache, as a packed cache holds it.</summary>
    public required long CacheBytesFull { get; init; }

    /// <summary>Bytes of what was kept: keys, values, bias, positions.</summary>
    public required long CacheBytesKept { get; init; }

    /// <summary>False where the method left the cache as it was, a short context for instance; null where nothing was said: then the entries tell.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Compressed { get; init; }

    /// <summary>What was generated, not cleaned; null for tasks that compare likelihoods.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Prediction { get; init; }

    /// <summary>Log-likelihood of each choice, nats; null for tasks that generate.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? Loglik { get; init; }

    /// <summary>What is right: an answer, a list of answers, or the number of a choice.</summary>
    public required JsonNode? Gold { get; init; }

    /// <summary>The task's first score, 0 to 1 where nothing else is said.</summary>
    public required double Score { get; init; }

    /// <summary>All scores by name, such as <c>acc</c> and <c>acc_norm</c>; null where there is one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? Scores { get; init; }

    /// <summary>Switches that decide whether the score is the reference program's.</summary>
    public required IReadOnlyList<string> ParityFlags { get; init; }

    /// <summary>Length of the item in the task's own unit (tokens, words); null: the task has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Length { get; init; }

    /// <summary>Labelled variant of the task.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Variant { get; init; }

    /// <summary>Depth of a needle in percent of the context.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Depth { get; init; }

    /// <summary>Whatever else a task writes down, by names that are none of the above; values that JSON can hold.</summary>
    [JsonExtensionData]
    public IDictionary<string, object>? Further { get; init; }

    /// <summary>Method and ratio.</summary>
    [JsonIgnore]
    public ItemRow Row => new(Method, RatioRequested);

    /// <summary>What may be there once.</summary>
    [JsonIgnore]
    public ItemKey Key => new(Task, ItemId, Row);

    /// <summary>Whether the cache is smaller than the dense one.</summary>
    [JsonIgnore]
    public bool IsCompressed => Compressed ?? KvEntriesKept < KvEntriesFull;

    /// <summary>The first thing that is wrong with this line; null: nothing.</summary>
    internal string? Contradiction() =>
        !ItemText.IsTaskName(Task) ? $"task '{Task}' is not a name of letters, digits, '_' and '-'"
        : ItemId.Length == 0 ? "item_id is empty"
        : Method.Length == 0 ? "method is empty"
        : Mode.Length == 0 ? "mode is empty"
        : ItemIndex < 0 ? FormattableString.Invariant($"item_index {ItemIndex} is negative")
        : !(double.IsFinite(RatioRequested) && RatioRequested > 0) ? FormattableString.Invariant($"ratio_requested {RatioRequested} is not a positive number")
        : Contexts < 1 ? FormattableString.Invariant($"contexts is {Contexts}, and an item has at least one")
        : TokensCtx < 0 || KvEntriesFull < 0 || KvEntriesKept < 0 || (KvEntriesKept == 0 && KvEntriesFull > 0) ? "tokens_ctx, kv_entries_full and kv_entries_kept cannot be these numbers"
        : CacheBytesFull < 0 || CacheBytesKept < 0 ? "cache_bytes_full and cache_bytes_kept cannot be negative"
        : _statedRatio is { } stated && !(Math.Abs(stated - RatioEffective) <= 1e-9 * RatioEffective) ? FormattableString.Invariant($"ratio_effective {stated} is not kv_entries_full / kv_entries_kept")
        : Prediction is null && Loglik is null ? "there is neither prediction nor loglik"
        : !double.IsFinite(Score) || Scores?.Values.All(double.IsFinite) == false ? "a score is not a finite number"
        : Loglik?.All(double.IsFinite) == false ? "a log-likelihood is not a finite number"
        : Depth is { } depth && !double.IsFinite(depth) ? "depth is not a finite number"
        : Further?.Keys.FirstOrDefault(ItemText.IsOwnField) is { } taken ? $"the further field '{taken}' has the name of one that every line has"
        : null;
}
