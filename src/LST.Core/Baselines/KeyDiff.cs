using LST.Core.Caching;
using LST.Core.Baselines.Online;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace LST.Core.Baselines;

/// <summary>
/// KeyDiff (Park et al., arXiv 2504.15364): the keys least like the average direction of the prompt's keys, per KV head:
/// score_j = −cos(k_j, a), a = mean over j of k_j / ‖k_j‖, in float32. No options.
/// Reads keys alone, all of the prompt at once; online, as the paper's blocks, what was kept and the new tokens are chosen from again after every step.
/// </summary>
public sealed class KeyDiff : IScoringCompressor, IOnlineCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("keydiff", [], "keys least like the average direction (arXiv 2504.15364)", [], _ => new KeyDiff());

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.None;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => BudgetPlan.WithProtected(context, 0);

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => Selection.Best(this, layer, budget);

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget)
    {
        var keys = layer.Keys.to(float32);                                          // [H_kv, T, D]
        var anchor = normalize(keys, p: 2, dim: -1).mean([1], keepdim: true);       // [H_kv, 1, D]
        return -cosine_similarity(keys, anchor, dim: -1, eps: 1e-8);
    }

    /// <inheritdoc/>
    public IOnlinePlan PlanOnline(OnlineBudget budget) => new EvictionPlan("keydiff", budget, 0);

    /// <inheritdoc/>
    public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start) => EvictingLayer.Begin(start, new ChosenAgain(this, start));

    /// <inheritdoc/>
    public void Dispose() { }
}
