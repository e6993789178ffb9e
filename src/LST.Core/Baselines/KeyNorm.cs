using LST.Core.Caching;
using LST.Core.Baselines.Online;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// Knorm, or L2 (Devoto et al., arXiv 2406.11430): the keys of smallest Euclidean norm, per KV head, norms in float32. No options.
/// Reads keys alone; online the longest key leaves. Protects nothing; rests on the observation that short keys draw much attention, which not every head follows.
/// </summary>
public sealed class KeyNorm : IScoringCompressor, IOnlineCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("knorm", [], "keys of smallest norm (arXiv 2406.11430)", [], _ => new KeyNorm());

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.None;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => BudgetPlan.WithProtected(context, 0);

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => Selection.Best(this, layer, budget);

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget) => -layer.Keys.to(float32).norm(-1);

    /// <inheritdoc/>
    public IOnlinePlan PlanOnline(OnlineBudget budget) => new EvictionPlan("knorm", budget, 0);

    /// <inheritdoc/>
    public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start) => EvictingLayer.Begin(start, new ChosenAgain(this, start));

    /// <inheritdoc/>
    public void Dispose() { }
}
