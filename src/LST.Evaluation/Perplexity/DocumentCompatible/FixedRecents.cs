using LST.Core.Caching;
using LST.Core.Compression;

namespace LST.Evaluation.Perplexity.DocumentCompatible;

/// <summary>StreamingLLM as printed: 4 sinks and 8 recents at every ratio, whatever the budget; the token behind the prompt stands at position 12.</summary>
internal sealed class FixedRecents : IKvCompressor
{
    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.None;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) =>
        BudgetPlan.Uniform(context, context.IsIdentity ? context.Tokens : Math.Min(context.Slots, EqualProtection.Sinks + EqualProtection.Recent));

    /// <inheritdoc/>
    public int NextPosition(PlanContext context, BudgetPlan plan) => plan.Layers[0].SlotsByHead[0];

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        var slots = budget.SlotsByHead[0];
        var sinks = Math.Min(EqualProtection.Sinks, slots);
        return Selection.Same(layer, [.. Enumerable.Range(0, sinks), .. Enumerable.Range(layer.Tokens - (slots - sinks), slots - sinks)]);
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) =>
        SlotOrigins.OfKept(layer, made, EqualProtection.Sinks, EqualProtection.Recent);

    /// <inheritdoc/>
    public void Dispose() { }
}
