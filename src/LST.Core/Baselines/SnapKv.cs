using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// SnapKV (Li et al., arXiv 2404.14469): the last queries of the prompt vote for earlier keys, votes are smoothed along the sequence, winners and the
/// window itself stay; per KV head, after the prefill only.
/// Options: <c>observe</c> window in tokens (32; ⌊n/2⌋ when n is not larger), <c>kernel</c> of the pooling in tokens (7, odd), <c>pooling</c>
/// <c>max</c> (padded by −∞), <c>avg</c> (padded by 0, divided by the full kernel) or <c>none</c>, <c>group</c> reduction, and <c>group-order</c>:
/// reduction before (<c>mean-first</c>) or after pooling (<c>pool-first</c>). Looks at the end of the prompt: a question asked later has no vote.
/// </summary>
public sealed class SnapKv(MethodOptions options) : IScoringCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("snapkv", [], "keys that the last queries of the prompt vote for (arXiv 2404.14469)",
    [
        new("observe", "32", OptionKind.Slots, "observation window, tokens"),
        new("kernel", "7", OptionKind.Slots, "pooling kernel, tokens, odd"),
        new("pooling", "max", OptionKind.Choice, "smoothing of the votes", "max", "avg", "none"),
        new("group", "mean", OptionKind.Choice, "reduction over a group's query heads", "mean", "max", "sum"),
        new("group-order", "mean-first", OptionKind.Choice, "reduction before or after pooling", "mean-first", "pool-first"),
    ], Create);

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.Statistics;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => BudgetPlan.WithProtected(context, 0);

    /// <summary>The window that is used for n slots: ⌊n/2⌋ (at least 1) where the asked one would fill the budget.</summary>
    public int Observe(LayerBudget budget)
    {
        var asked = options.Slots("observe", budget.Slots, budget.Ratio);
        return budget.Slots > asked ? Math.Max(1, asked) : Math.Max(1, budget.Slots / 2);
    }

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => Selection.Best(this, layer, budget);

    /// <inheritdoc/>
    public (int Sinks, int Recent) Kept(LayerBudget budget) => (0, Observe(budget));

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget)
    {
        var observe = Observe(budget);
        var statistics = layer.RequireStatistics();
        var votes = statistics.Window(observe).narrow(2, 0, layer.Tokens - observe).sum(1);   // [H_q, T − observe]
        return options["group-order"] == "pool-first"
            ? statistics.ReduceGroups(Pool(votes), options.Group("group"))
            : Pool(statistics.ReduceGroups(votes, options.Group("group")));
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) => SlotOrigins.OfKept(layer, made, recent: Observe(budget));

    /// <inheritdoc/>
    public void Dispose() { }

    internal static void RequireOddKernel(string method, MethodOptions options)
    {
        if (options.Slots("kernel", 1, Ratio.One) % 2 == 0)
            throw new UsageException($"method '{method}', option kernel={options["kernel"]}: the pooling kernel must be odd, so that every key keeps its place; give e.g. 7");
    }

    private static SnapKv Create(MethodOptions options)
    {
        RequireOddKernel("snapkv", options);
        return new SnapKv(options);
    }

    private Tensor Pool(Tensor votes)
    {
        var kernel = options.Slots("kernel", 1, Ratio.One);
        var rows = votes.unsqueeze(0);
        return options["pooling"] switch
        {
            "max" => nn.functional.max_pool1d(rows, kernel, stride: 1, padding: kernel / 2).squeeze(0),
            "avg" => nn.functional.avg_pool1d(rows, kernel, stride: 1, padding: kernel / 2, count_include_pad: true).squeeze(0),
            _ => votes,
        };
    }
}
