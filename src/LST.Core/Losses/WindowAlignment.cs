using static TorchSharp.torch;

namespace LST.Core.Losses;

/// <summary>
/// The per-window form of QPAA; inputs are checked. N windows of W tokens, m super-tokens each, R = G·Q rows. With p the dense and s the compressed
/// softmax weights of a window and V, U its values, both minus the window's mean value (the outputs differ by the same, as weights sum to one):
/// ‖Vᵀp − Uᵀs‖² = pᵀVVᵀp + sᵀ(UUᵀs − 2·UVᵀp). That needs R·(W + m) numbers a window where outputs would need R·D.
/// </summary>
internal static class WindowAlignment
{
    private sealed record DenseWindows(Tensor Weights, Tensor LogSumExp, Tensor Values, Tensor Centre, Tensor OwnTerm, Tensor WindowShares, Tensor? SquaredNorms);

    public static Tensor Of(Tensor queries, Tensor windowKeys, Tensor windowValues, Tensor windowMask, Tensor superKeys, Tensor superValues, Tensor? superBias, AlignmentSettings settings)
    {
        var precision = LossInputs.Precision(superKeys, superValues, superBias);
        var rows = QueryProbingAttentionAlignment.Grouped(queries, windowKeys.shape[0], precision);
        var mask = (windowMask.dim() == 2 ? windowMask.unsqueeze(0) : windowMask).unsqueeze(-1);               // [1 or H_kv, N, W, 1]
        var empty = mask.any(2, true).logical_not();                                                           // [1 or H_kv, N, 1, 1]
        var dense = Dense(rows, windowKeys.to(precision), windowValues.to(precision), mask, empty, settings);

        var logits = Logits(superKeys.to(precision), rows);                                                    // [H_kv, N, m, R]
        if (superBias is not null) logits = logits + superBias.to(precision).unsqueeze(-1);
        logits = logits.masked_fill(empty, 0);                  // super-tokens of an empty window may all be padding
        var weights = logits.softmax(2);
        var values = superValues.to(precision) - dense.Centre;                                                 // [H_kv, N, m, D]
        var mixed = matmul(matmul(values, values.transpose(-1, -2)), weights) - matmul(matmul(values, dense.Values.transpose(-1, -2)), dense.Weights) * 2;
        var errors = dense.OwnTerm + (weights * mixed).sum(2);                                                 // [H_kv, N, R]
        var loss = QueryProbingAttentionAlignment.OutputTerm((errors * dense.WindowShares).sum(1), () => (dense.SquaredNorms! * dense.WindowShares).sum(1), queries.shape[0], settings);
        if (settings.LogSumExpWeight == 0) return loss;
        var massErrors = (logits.logsumexp(2) - dense.LogSumExp).square();
        return loss + (massErrors * dense.WindowShares).sum(1).mean() * settings.LogSumExpWeight;
    }

    private static DenseWindows Dense(Tensor rows, Tensor keys, Tensor values, Tensor mask, Tensor empty, AlignmentSettings settings)
    {
        using var noGradients = no_grad();
        // An empty window attends to its padding, so that nothing is 0/0; its share is zero.
        var logits = Logits(keys, rows).masked_fill_(logical_or(mask, empty).logical_not(), double.NegativeInfinity);      // [H_kv, N, W, R]
        var logSumExp = logits.logsumexp(2);                                                                   // [H_kv, N, R]
        var weights = (logits - logSumExp.unsqueeze(2)).exp_();
        var real = mask.to(values.dtype);
        var centre = (values * real).sum(2, true) / real.sum(2, true).clamp_min(1);                            // [H_kv, N, 1, D]
        var centred = values - centre;
        return new DenseWindows(weights, logSumExp, centred, centre, SquaredNorms(centred, weights), Shares(logSumExp, empty.squeeze(-1), settings.Weighting),
            settings.Normalization == AlignmentNormalization.Relative ? SquaredNorms(values, weights) : null);
    }

    // ‖Σ_w p_w v_w‖² of every window and row: [H_kv, N, R].
    private static Tensor SquaredNorms(Tensor values, Tensor weights) => (matmul(matmul(values, values.transpose(-1, -2)), weights) * weights).sum(2);

    // Share of each window in the mean of one row, of sum one over real windows: [H_kv, N, R] or [1 or H_kv, N, 1].
    private static Tensor Shares(Tensor logSumExp, Tensor empty, WindowWeighting weighting)
    {
        var real = empty.logical_not().to(logSumExp.dtype);
        if (weighting == WindowWeighting.Uniform) return real / real.sum(1, true).clamp_min(1);
        return logSumExp.masked_fill(empty, -1e30).softmax(1) * real;
    }

    // Rows stand last: [H_kv, N, K, D] by [H_kv, R, D] → [H_kv, N, K, R] is one product a head.
    private static Tensor Logits(Tensor keys, Tensor rows) =>
        matmul(keys.reshape(keys.shape[0], -1, keys.shape[3]), rows.transpose(1, 2)).view(keys.shape[0], keys.shape[1], keys.shape[2], rows.shape[1]);
}
