using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity.DocumentCompatible;

/// <summary>What becomes of the values of tokens that are dropped.</summary>
internal interface IDroppedValues
{
    /// <summary>The weight of every token's value in every slot's value [n, T] float32, all heads alike; on the CPU, in the current dispose scope.</summary>
    /// <param name="norms">Norms of the joined keys [T].</param>
    /// <param name="kept">Kept tokens, ascending [n].</param>
    Tensor Weights(float[] norms, int[] kept);
}

/// <summary>
/// H2O, TOVA, CaM and WeightedKV as printed: they got no attention and kept the keys of <em>largest</em> norm, over all heads joined, one set for all heads; 4 sinks and 8 recents stay.
/// Small keys are what draws attention, so that this is near to the worst order there is. H2O and TOVA come out the same; the other two differ in the values of dropped tokens.
/// </summary>
/// <param name="dropped">Where the values of dropped tokens go; null: nowhere.</param>
internal sealed class LargestKeys(IDroppedValues? dropped) : IKvCompressor
{
    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.None;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => BudgetPlan.Uniform(context, context.Slots);

    /// <inheritdoc/>
    public int NextPosition(PlanContext context, BudgetPlan plan) => plan.SlotsPerHead;

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        if (budget.SlotsByHead[0] >= layer.Tokens) return Selection.Identity(layer);
        using var scope = NewDisposeScope();
        var (norms, kept) = Ranked(layer, budget);
        var selected = Selection.Same(layer, kept);
        if (dropped is null) return selected;
        var weights = dropped.Weights(norms, kept).to(layer.Values.device);
        var values = matmul(weights, layer.Values.to(float32)).to(layer.Values.dtype).reshape(selected.Values.shape);
        var merged = new CompressedLayer(1, layer.KeyValueHeads, selected.Keys.alias(), values, selected.Offsets.ToArray(), selected.Positions.ToArray(), positionsShared: true).Detached();
        selected.Dispose();
        return merged;
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) =>
        SlotOrigins.OfKept(layer, made, EqualProtection.Sinks, EqualProtection.Recent);

    /// <inheritdoc/>
    public void Dispose() { }

    private static (float[] Norms, int[] Kept) Ranked(LayerContext layer, LayerBudget budget)
    {
        using var norms = JoinedKeys.Norms(layer).cpu();
        return (norms.data<float>().ToArray(), JoinedKeys.Largest(norms, layer.Tokens, budget.SlotsByHead[0]));
    }
}
