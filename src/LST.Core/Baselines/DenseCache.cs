using LST.Core.Caching;
using LST.Core.Compression;

namespace LST.Core.Baselines;

/// <summary>The full cache: every token stays. The row that all others are compared with; it ignores the ratio.</summary>
public sealed class DenseCache : IKvCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("dense", [], "the full cache, nothing compressed", [], _ => new DenseCache());

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.None;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => BudgetPlan.Uniform(context with { Ratio = Ratio.One }, context.Tokens);

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => Selection.Identity(layer);

    /// <inheritdoc/>
    public void Dispose() { }
}
