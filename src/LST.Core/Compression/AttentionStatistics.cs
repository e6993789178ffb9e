using LST.Core.Attention.Cpu;
using LST.Core.Attention.Cpu.Vectors;
using static TorchSharp.torch;

namespace LST.Core.Compression;

/// <summary>How query heads of a group become one score of their KV head.</summary>
public enum GroupReduction
{
    /// <summary>Arithmetic mean.</summary>
    Mean,

    /// <summary>Largest.</summary>
    Max,

    /// <summary>Sum.</summary>
    Sum,
}

/// <summary>
/// What one causal prefill's attention looked like, by a second pass over chunks of queries: logits of a chunk in float32, softmax, accumulate.
/// Never [T, T] for all heads: O(T²·D) time, O(chunk·T) memory. Each kind is computed once, when first read, and shared by all methods and ratios.
/// </summary>
public sealed class AttentionStatistics(Tensor queries, Tensor keys, int? slidingWindow = null, int chunkQueries = 256) : IDisposable
{
    private readonly Dictionary<string, (Tensor Value, TimeSpan Cost)> made = [];
    private readonly HashSet<string> touched = [];

    private int Tokens => (int)queries.shape[1];

    /// <summary>Workers that share the rows on the CPU; null: library operations.</summary>
    internal WorkerPool? Pool { get; init; }

    /// <summary>Column sums [H_q, T] float32: Σ over queries i ≥ j of A[i, j].</summary>
    public Tensor ColumnSums => Get("column-sums", () =>
    {
        var sums = zeros(queries.shape[0], Tokens, float32, queries.device);
        for (var start = 0; start < Tokens; start += chunkQueries)
        {
            using var scope = NewDisposeScope();
            var end = Math.Min(Tokens, start + chunkQueries);
            if (Pool is not null && slidingWindow is null) RowKernels.AddColumnSums(Pool, Logits(start, end).view(queries.shape[0], end - start, end), start, sums);
            else sums.narrow(1, 0, end).add_(Rows(start, end).sum(1));
        }
        return sums;
    });

    /// <summary>Attention of the last query [H_q, T] float32.</summary>
    public Tensor LastRow => Get("last-row", () => Rows(Tokens - 1, Tokens).squeeze(1));

    /// <summary>Attention of the last <paramref name="observe"/> queries on all keys [H_q, observe, T] float32.</summary>
    public Tensor Window(int observe) => Get($"window-{observe}", () => Rows(Tokens - observe, Tokens));

    /// <summary>Number of queries that see each key: T − j, under a sliding window W at most W; float32 [T].</summary>
    public Tensor ColumnCounts()
    {
        using var scope = NewDisposeScope();
        return arange(Tokens, 0, -1, float32, queries.device).clamp_max(slidingWindow ?? Tokens).MoveToOuterDisposeScope();
    }

    /// <summary>Reduces [H_q, …] to [H_kv, …]; query head h belongs to KV head ⌊h / G⌋.</summary>
    public Tensor ReduceGroups(Tensor perQueryHead, GroupReduction reduction = GroupReduction.Mean)
    {
        var groups = keys.shape[0];
        var grouped = perQueryHead.view([groups, perQueryHead.shape[0] / groups, .. perQueryHead.shape[1..]]);
        return reduction switch
        {
            GroupReduction.Max => grouped.amax([1]),
            GroupReduction.Sum => grouped.sum(1),
            _ => grouped.mean([1]),
        };
    }

    /// <summary>Begins to note which statistics are read.</summary>
    public void BeginUse() => touched.Clear();

    /// <summary>What all statistics made so far cost.</summary>
    public TimeSpan TotalCost => made.Values.Aggregate(TimeSpan.Zero, (sum, kind) => sum + kind.Cost);

    /// <summary>What the statistics read since <see cref="BeginUse"/> cost to make, whoever had them made.</summary>
    public TimeSpan CostOfUse => touched.Aggregate(TimeSpan.Zero, (sum, kind) => sum + made[kind].Cost);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (value, _) in made.Values) value.Dispose();
        made.Clear();
    }

    private Tensor Get(string kind, Func<Tensor> make)
    {
        touched.Add(kind);
        if (made.TryGetValue(kind, out var found)) return found.Value;
        var clock = DeviceClock.StartNew(queries.device);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var value = make().DetachFromDisposeScope();
        made[kind] = (value, clock.Elapsed);
        return value;
    }

    // Softmax rows of queries [start, end): [H_q, end − start, end], keys beyond the last query left out (they have no mass).
    private Tensor Rows(int start, int end)
    {
        var chunk = end - start;
        var logits = Logits(start, end);
        // Only the last `chunk` columns can lie behind a query.
        logits.narrow(3, start, chunk).add_(full(chunk, chunk, float.NegativeInfinity, float32, queries.device).triu(1));
        if (slidingWindow is { } window && end > window)
        {
            var row = arange(start, end, int64, queries.device).unsqueeze(1);
            var column = arange(0, end, int64, queries.device).unsqueeze(0);
            logits.masked_fill_((row - column).ge(window), float.NegativeInfinity);
        }
        return logits.softmax(-1).view(queries.shape[0], chunk, end);
    }

    // Scaled scores in float32 [H_kv, G, end − start, end], no edge applied. The heads of a group share their keys: their rows are stacked, no key is repeated.
    private Tensor Logits(int start, int end)
    {
        var groups = keys.shape[0];
        var perGroup = queries.shape[0] / groups;
        var headDim = queries.shape[2];
        var chunk = end - start;
        var q = (queries.narrow(1, start, chunk).to(float32) * (1.0 / Math.Sqrt(headDim))).reshape(groups, perGroup * chunk, headDim);
        return bmm(q, keys.narrow(1, 0, end).to(float32).transpose(1, 2)).view(groups, perGroup, chunk, end);
    }
}
