using LST.Core.Caching;
using LST.Core.Baselines.Online;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// H2O (Zhang et al., arXiv 2306.14048): the tokens with the largest accumulated attention ("heavy hitters") and a recent window, per KV head.
/// Options: <c>sinks</c>, <c>recent</c> (tokens; default n/2), <c>normalize</c> <c>none</c> (sums) or <c>by-count</c> (divided by the number of queries
/// that saw the token, which removes the advantage of early tokens), <c>group</c> reduction over the query heads of a KV head.
/// One-shot after the prefill, on the sums of the prompt's own queries; online the sums go on with every step. Cannot foresee queries unlike those that it saw.
/// </summary>
public sealed class HeavyHitters(MethodOptions options) : IScoringCompressor, IOnlineCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("h2o", [], "heavy hitters by accumulated attention, and recents (arXiv 2306.14048)",
    [
        new("sinks", "0", OptionKind.Slots, "first tokens kept"),
        new("recent", "n/2", OptionKind.Slots, "last tokens kept"),
        new("normalize", "none", OptionKind.Choice, "division of the sums", "none", "by-count"),
        new("group", "mean", OptionKind.Choice, "reduction over a group's query heads", "mean", "max", "sum"),
    ], options => new HeavyHitters(options));

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.Statistics;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) =>
        BudgetPlan.WithProtected(context, options.Slots("sinks", context.Slots, context.Ratio) + options.Slots("recent", context.Slots, context.Ratio));

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        var made = Selection.Best(this, layer, budget);
        return budget.GoesOn ? AttentionSums.Remember(made, layer, options.Group("group")) : made;
    }

    /// <inheritdoc/>
    public (int Sinks, int Recent) Kept(LayerBudget budget) =>
        Protected.Clamp(options.Slots("sinks", budget.Slots, budget.Ratio), options.Slots("recent", budget.Slots, budget.Ratio), budget.SlotsByHead.Min());

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget)
    {
        var statistics = layer.RequireStatistics();
        var sums = statistics.ReduceGroups(statistics.ColumnSums, options.Group("group"));
        return options["normalize"] == "by-count" ? sums / statistics.ColumnCounts() : sums;
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        var (sinks, recent) = Kept(budget);
        return SlotOrigins.OfKept(layer, made, sinks, recent);
    }

    /// <inheritdoc/>
    public OnlineNeeds OnlineNeeds => OnlineNeeds.Attention;

    /// <inheritdoc/>
    public IOnlinePlan PlanOnline(OnlineBudget budget) =>
        new EvictionPlan("h2o", budget, options.Slots("sinks", budget.Least, budget.RatioOrOne) + options.Slots("recent", budget.Least, budget.RatioOrOne));

    /// <inheritdoc/>
    public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start) => EvictingLayer.Begin(start, new LeastAttended(options, start.Budget.RatioOrOne));

    /// <inheritdoc/>
    public void Dispose() { }
}
