using System.Text.Json.Nodes;
using LST.Core.Caching;
using LST.Core.Compression;

namespace LST.Evaluation.Perplexity.DocumentCompatible;

/// <summary>
/// A method whose cache forgets how many tokens it stood for: the token behind the prompt gets the number of slots as its position, while keys keep the
/// rotations of their own. Distances between old and new tokens come out too small or negative. A defect, kept to measure what it does.
/// </summary>
/// <param name="method">The method; owned.</param>
internal sealed class MixedPositions(IKvCompressor method) : IKvCompressor
{
    /// <inheritdoc/>
    public CompressorNeeds Needs => method.Needs;

    /// <inheritdoc/>
    public long Parameters(Ratio ratio) => method.Parameters(ratio);

    /// <inheritdoc/>
    public void Attach(ModelTarget model) => method.Attach(model);

    /// <inheritdoc/>
    public string? Missing(Ratio ratio) => method.Missing(ratio);

    /// <inheritdoc/>
    public JsonObject? Details(Ratio ratio) => method.Details(ratio);

    /// <inheritdoc/>
    public void Prepare(IModelAccess model) => method.Prepare(model);

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => method.Plan(context);

    /// <summary>n: the slots a head has, or has on average.</summary>
    public int NextPosition(PlanContext context, BudgetPlan plan) => Math.Min(plan.SlotsPerHead, context.Tokens);

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => method.Compress(layer, budget);

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) => method.Origins(layer, budget, made);

    /// <inheritdoc/>
    public void Dispose() => method.Dispose();
}
