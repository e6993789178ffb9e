using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// Expected Attention (Devoto et al., arXiv 2510.00636): future queries are taken to be Gaussian, with the mean and covariance that the prompt's own queries have before
/// rotation, turned by the average rotation of the next positions; keys are ranked by the attention that such queries give them, times the length of their values.
/// For a query head z_j = k_j·μ̄/√D + k_jᵀ Σ̄ k_j/(2D), p = softmax over keys j ≥ s of z; score_j = (mean over the group of p_j + ε)·‖v_j‖, per KV head.
/// Options: <c>sinks</c> s (kept in any case and left out of all statistics), <c>future</c> positions averaged over, <c>epsilon</c> ε, <c>covariance</c> (false: μ̄ alone),
/// <c>value-norm</c> (false: p alone, without ε). Takes one statistic for all that comes later: queries of several kinds become one blurred kind.
/// </summary>
public sealed class ExpectedAttention(MethodOptions options) : IScoringCompressor
{
    private const int MostFuture = 1_000_000;

    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("expected-attention", ["expected"], "keys that Gaussian future queries attend to (arXiv 2510.00636)",
    [
        new("sinks", "4", OptionKind.Slots, "first tokens kept"),
        new("future", "512", OptionKind.Slots, "positions that the rotation is averaged over"),
        new("epsilon", "0", OptionKind.Number, "added to the attention before the values' norms"),
        new("covariance", "true", OptionKind.Flag, "spread of the queries counts, not only their mean"),
        new("value-norm", "true", OptionKind.Flag, "scores times the norms of the values"),
    ], Create);

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.PreRopeQueries;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => BudgetPlan.WithProtected(context, Sinks(context.Slots, context.Ratio));

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => Selection.Best(this, layer, budget);

    /// <inheritdoc/>
    public (int Sinks, int Recent) Kept(LayerBudget budget) => (Math.Min(Sinks(budget.Slots, budget.Ratio), budget.SlotsByHead.Min()), 0);

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget)
    {
        // Sinks have no score of their own and stand with the best.
        var sinks = Math.Min(Sinks(budget.Slots, budget.Ratio), layer.Tokens - 1);
        var count = layer.Tokens - sinks;
        var keys = layer.Keys.narrow(1, sinks, count).to(float32);                           // [H_kv, T − s, D]
        var attention = Logits(layer, keys, sinks, Future(budget)).softmax(1).mean([2]);     // [H_kv, T − s]
        var scores = options.Flag("value-norm")
            ? (attention + options.Number("epsilon")) * layer.Values.narrow(1, sinks, count).to(float32).norm(-1)
            : attention;
        return cat([scores.amax([1], keepdim: true).expand(-1, sinks), scores], 1);
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) => SlotOrigins.OfKept(layer, made, Kept(budget).Sinks);

    /// <inheritdoc/>
    public void Dispose() { }

    private static ExpectedAttention Create(MethodOptions options)
    {
        if (options.Slots("future", 1000, Ratio.Of(2)) is < 1 or > MostFuture)
            throw new UsageException($"method 'expected-attention', option future={options["future"]}: the rotation is averaged over at least 1 and at most {MostFuture:N0} positions; give e.g. 512");
        return new ExpectedAttention(options);
    }

    private int Sinks(int slots, Ratio ratio) => options.Slots("sinks", slots, ratio);

    private int Future(LayerBudget budget) => Math.Clamp(options.Slots("future", budget.Slots, budget.Ratio), 1, MostFuture);

    // z [H_kv, T − s, G]: the logarithm of the expectation of exp(k·q/√D), for every query head of the group.
    private Tensor Logits(LayerContext layer, Tensor keys, int sinks, int future)
    {
        var (heads, count, headDim) = (keys.shape[0], keys.shape[1], keys.shape[2]);
        var before = layer.PreRopeQueries ?? throw new InvalidOperationException("the method reads pre-RoPE queries but does not declare CompressorNeeds.PreRopeQueries");
        var group = before.shape[0] / heads;
        var (cos, sin) = layer.Rotary.MeanTables(layer.Tokens, future);
        (cos, sin) = (cos.to(keys.device), sin.to(keys.device));
        var queries = before.narrow(1, sinks, count).to(float32);
        var mean = queries.mean([1], keepdim: true);                                         // [H_q, 1, D]
        var turned = RotaryEmbedding.Rotate(mean, cos, sin).view(heads, group, headDim);
        var logits = bmm(keys, turned.transpose(1, 2)) / Math.Sqrt(headDim);                 // [H_kv, T − s, G]
        if (!options.Flag("covariance")) return logits;

        var centred = queries - mean;
        var covariance = bmm(centred.transpose(1, 2), centred) / count;                      // [H_q, D, D]
        covariance = RotaryEmbedding.Rotate(RotaryEmbedding.Rotate(covariance, cos, sin).transpose(1, 2), cos, sin);
        // The heads of a group side by side: one product gives kᵀΣ̄ for all keys.
        var columns = covariance.view(heads, group, headDim, headDim).permute(0, 2, 1, 3).reshape(heads, headDim, group * headDim);
        var spread = (bmm(keys, columns).view(heads, count, group, headDim) * keys.unsqueeze(2)).sum(-1);
        return logits + spread / (2.0 * headDim);
    }
}
