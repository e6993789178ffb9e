using static TorchSharp.torch;

namespace LST.Core.Losses;

/// <summary>
/// QPAA: for probes q, E ‖Attn(q, K, V) − Attn(q, K̃, Ṽ, β)‖² + w·E |lse(q, K) − lse(q, K̃, β)|², where Attn(q, K, V, β) = softmax(q·Kᵀ/√D + β)·V and
/// lse is the log-sum-exp of the same logits. All keys and queries are post-RoPE. E is the mean over probes and query heads; query head h reads KV head
/// ⌊h / G⌋, G = H_q / H_kv. Differentiable in the compressed keys, values and bias; queries and dense tensors are constants. Computed in float32,
/// in float64 if a compressed tensor is float64.
/// </summary>
public static class QueryProbingAttentionAlignment
{
    /// <summary>
    /// Attention over the whole dense cache against the whole compressed cache. The dense side is bounded (blocks of probes); autograd holds
    /// about two tensors of H_q·Q·n numbers for the compressed side.
    /// </summary>
    /// <param name="queries">Probes [H_q, Q, D].</param>
    /// <param name="keys">Dense keys [H_kv, T, D].</param>
    /// <param name="values">Dense values [H_kv, T, D].</param>
    /// <param name="compressedKeys">[H_kv, n, D].</param>
    /// <param name="compressedValues">[H_kv, n, D].</param>
    /// <param name="bias">β [H_kv, n], −∞ on padding (at least one slot of a head is not padding); null: all zero.</param>
    /// <param name="settings">Form of the loss.</param>
    /// <returns>Scalar.</returns>
    /// <exception cref="ArgumentException">A shape or setting does not fit.</exception>
    public static Tensor FullCache(Tensor queries, Tensor keys, Tensor values, Tensor compressedKeys, Tensor compressedValues, Tensor? bias, AlignmentSettings settings)
    {
        LossInputs.Expect(keys, nameof(keys), "[H_kv, T, D]", LossInputs.Any, LossInputs.Any, LossInputs.Any);
        LossInputs.ExpectRows(keys, nameof(keys));
        LossInputs.Expect(values, nameof(values), "[H_kv, T, D]", keys.shape);
        CheckQueries(queries, keys.shape[0], keys.shape[^1], settings);
        LossInputs.Expect(compressedKeys, nameof(compressedKeys), "[H_kv, n, D]", keys.shape[0], LossInputs.Any, keys.shape[2]);
        LossInputs.ExpectRows(compressedKeys, nameof(compressedKeys));
        LossInputs.Expect(compressedValues, nameof(compressedValues), "[H_kv, n, D]", compressedKeys.shape);
        if (bias is not null) LossInputs.Expect(bias, nameof(bias), "[H_kv, n]", compressedKeys.shape[..2]);
        using var scope = NewDisposeScope();
        return FullCacheAlignment.Of(queries, keys, values, compressedKeys, compressedValues, bias, settings).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Attention inside each window against the window's own super-tokens. At m = 1 a softmax over one key is 1, so that without the log-sum-exp term no
    /// gradient reaches k̃ or β. Windows without a real token are left out. Holds about five tensors of H_q·Q·N·W numbers for N windows. The
    /// output error is a quadratic form of softmax weights: in float32 it may be off by (below zero, too) some 1e-6 of the squared values.
    /// </summary>
    /// <param name="queries">Probes [H_q, Q, D].</param>
    /// <param name="windowKeys">Dense keys by window [H_kv, N, W, D].</param>
    /// <param name="windowValues">Dense values by window [H_kv, N, W, D].</param>
    /// <param name="windowMask">bool [N, W] or [H_kv, N, W], true: a real token; what stands in the others does not matter, but must be finite.</param>
    /// <param name="superKeys">k̃ [H_kv, N, m, D].</param>
    /// <param name="superValues">ṽ [H_kv, N, m, D].</param>
    /// <param name="superBias">β [H_kv, N, m], −∞ on padding (at least one super-token of a real window is not padding); null: all zero.</param>
    /// <param name="settings">Form of the loss.</param>
    /// <returns>Scalar.</returns>
    /// <exception cref="ArgumentException">A shape or setting does not fit.</exception>
    public static Tensor PerWindow(Tensor queries, Tensor windowKeys, Tensor windowValues, Tensor windowMask, Tensor superKeys, Tensor superValues, Tensor? superBias, AlignmentSettings settings)
    {
        LossInputs.Expect(windowKeys, nameof(windowKeys), "[H_kv, N, W, D]", LossInputs.Any, LossInputs.Any, LossInputs.Any, LossInputs.Any);
        LossInputs.ExpectRows(windowKeys, nameof(windowKeys));
        var (heads, windows, width, headDim) = (windowKeys.shape[0], windowKeys.shape[1], windowKeys.shape[2], windowKeys.shape[3]);
        LossInputs.Expect(windowValues, nameof(windowValues), "[H_kv, N, W, D]", windowKeys.shape);
        CheckQueries(queries, heads, headDim, settings);
        if (windowMask.dim() == 3) LossInputs.Expect(windowMask, nameof(windowMask), "[H_kv, N, W]", heads, windows, width);
        else LossInputs.Expect(windowMask, nameof(windowMask), "[N, W] or [H_kv, N, W]", windows, width);
        if (windowMask.dtype != ScalarType.Bool) throw new ArgumentException($"windowMask: expected bool, got {windowMask.dtype}", nameof(windowMask));
        LossInputs.Expect(superKeys, nameof(superKeys), "[H_kv, N, m, D]", heads, windows, LossInputs.Any, headDim);
        LossInputs.ExpectRows(superKeys, nameof(superKeys));
        LossInputs.Expect(superValues, nameof(superValues), "[H_kv, N, m, D]", superKeys.shape);
        if (superBias is not null) LossInputs.Expect(superBias, nameof(superBias), "[H_kv, N, m]", superKeys.shape[..3]);
        using var scope = NewDisposeScope();
        return WindowAlignment.Of(queries, windowKeys, windowValues, windowMask, superKeys, superValues, superBias, settings).MoveToOuterDisposeScope();
    }

    /// <summary>Probes by KV head, times 1/√D: [H_q, Q, D] → [H_kv, G·Q, D]. Row g·Q + i is probe i of query head h·G + g.</summary>
    internal static Tensor Grouped(Tensor queries, long keyValueHeads, ScalarType precision) =>
        queries.detach().to(precision).reshape(keyValueHeads, -1, queries.shape[2]) / Math.Sqrt(queries.shape[2]);

    /// <summary>Mean over query heads of mean error, each divided by the head's mean squared norm where the settings ask for it. All [H_kv, G·Q].</summary>
    internal static Tensor OutputTerm(Tensor errors, Func<Tensor> squaredNorms, long queryHeads, AlignmentSettings settings)
    {
        if (settings.Normalization == AlignmentNormalization.None) return errors.mean();
        // A head whose dense output vanishes has nothing to be relative to.
        var norms = squaredNorms().reshape(queryHeads, -1).mean([1]).clamp_min(1e-12);
        return (errors.reshape(queryHeads, -1).mean([1]) / norms).mean();
    }

    private static void CheckQueries(Tensor queries, long keyValueHeads, long headDim, AlignmentSettings settings)
    {
        LossInputs.Expect(queries, nameof(queries), "[H_q, Q, D]", LossInputs.Any, LossInputs.Any, headDim);
        LossInputs.ExpectRows(queries, nameof(queries));
        if (queries.shape[0] % keyValueHeads != 0)
            throw new ArgumentException($"queries: expected a multiple of {keyValueHeads} key/value heads, got {queries.shape[0]} query heads", nameof(queries));
        LossInputs.ExpectWeight(settings.LogSumExpWeight, nameof(settings));
    }
}
