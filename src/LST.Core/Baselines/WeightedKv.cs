using LST.Core.Caching;
using LST.Core.Baselines.Online;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// WeightedKV (Yuan et al., arXiv 2503.01330): the keys of the least attended tokens are dropped, and their values go into their right neighbours by a convex
/// combination weighted by average attention (column sums divided by the number of queries that saw the token), per KV head.
/// Options: <c>mode</c> <c>sequential</c> (one token after the other, the least attended first, into the next token that is still there; a neighbour's weight stays
/// its own) or <c>segment-mean</c> (a kept token and the dropped run to its left become one weighted mean, in no order), <c>sinks</c>, <c>recent</c> tokens
/// (default n/2 − sinks, at least 1: the last token has no right neighbour and stays).
/// One-shot after the prefill, with averages that merging does not change; online one token after the other whatever the mode, averages going on with every step. A dropped token's value answers only to queries that find its neighbour's key.
/// </summary>
public sealed class WeightedKv(MethodOptions options) : IScoringCompressor, IOnlineCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("weightedkv", [], "values of dropped keys folded into their right neighbours (arXiv 2503.01330)",
    [
        new("mode", "sequential", OptionKind.Choice, "how values are folded", "sequential", "segment-mean"),
        new("sinks", "4", OptionKind.Slots, "first tokens kept"),
        new("recent", "", OptionKind.Slots, "last tokens kept (default: n/2 - sinks, at least 1)"),
    ], options => new WeightedKv(options));

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.Statistics;

    /// <inheritdoc/>
    public bool IsSelection => false;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context)
    {
        var (sinks, recent) = Asked(context.Slots, context.Ratio);
        return BudgetPlan.WithProtected(context, sinks + recent);
    }

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        using var scope = NewDisposeScope();
        var statistics = layer.RequireStatistics();
        var sums = statistics.ReduceGroups(statistics.ColumnSums);
        if (budget.SlotsByHead.All(slots => slots >= layer.Tokens)) return AttentionSums.Remember(Selection.Identity(layer), layer, sums);
        var (kept, merge) = Merge(layer, budget);
        float[] counts = [.. kept.SelectMany(head => head.Select((token, i) => (float)(token - (i == 0 ? -1 : head[i - 1]))))];
        return AttentionSums.Remember(ValueMerge.Compress(layer, kept, merge, counts), layer, sums);
    }

    /// <inheritdoc/>
    public (int Sinks, int Recent) Kept(LayerBudget budget)
    {
        var (sinks, recent) = Asked(budget.Slots, budget.Ratio);
        return Protected.Clamp(sinks, recent, budget.SlotsByHead.Min());
    }

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget)
    {
        var statistics = layer.RequireStatistics();
        return statistics.ReduceGroups(statistics.ColumnSums) / statistics.ColumnCounts();
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        if (budget.SlotsByHead.All(slots => slots >= layer.Tokens)) return SlotOrigins.OfKept(layer, made);
        using var scope = NewDisposeScope();
        var (sinks, recent) = Kept(budget);
        var (kept, merge) = Merge(layer, budget);
        return ValueMerge.Origins(layer, kept, merge, sinks, recent);
    }

    /// <inheritdoc/>
    public OnlineNeeds OnlineNeeds => OnlineNeeds.Attention;

    /// <inheritdoc/>
    public IOnlinePlan PlanOnline(OnlineBudget budget) => new EvictionPlan(budget);

    /// <inheritdoc/>
    public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start)
    {
        var ratio = start.Budget.RatioOrOne;
        return EvictingLayer.Begin(start, new FoldedValues(slots => Asked(slots, ratio)));
    }

    /// <inheritdoc/>
    public void Dispose() { }

    private (int Sinks, int Recent) Asked(int slots, Ratio ratio)
    {
        var sinks = options.Slots("sinks", slots, ratio);
        return (sinks, Math.Max(1, options.IsAutomatic("recent") ? (slots / 2) - sinks : options.Slots("recent", slots, ratio)));
    }

    private (int[][] Kept, HeadMerge Merge) Merge(LayerContext layer, LayerBudget budget)
    {
        var averages = Scores(layer, budget);
        var (sinks, recent) = Kept(budget);
        var kept = Selection.TopWithProtected(averages.narrow(1, sinks, layer.Tokens - sinks - recent), layer.Tokens, sinks, recent, budget.SlotsByHead);
        var (held, tokens, isSequential) = (averages.cpu().contiguous(), layer.Tokens, options["mode"] == "sequential");
        return (kept, (head, rows, width) =>
        {
            var average = held.Span<float>().Slice(head * tokens, tokens);
            if (isSequential) ValueFolding.Sequential(rows, width, average, kept[head]);
            else ValueFolding.SegmentMeans(rows, width, average, kept[head]);
        });
    }
}
