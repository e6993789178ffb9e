using static TorchSharp.torch;

namespace LST.Core.Losses;

/// <summary>
/// Losses of the frozen model's predictions over a compressed cache, in nats. S rows (scored tokens), M hidden size, V vocabulary.
/// Per row s with weight w_s the terms are −log p_s(target) (cross-entropy) and KL(dense ‖ compressed) = Σ_v q(v)·(log q(v) − log p(v)), where q is what the
/// model says with the dense cache and p with the compressed one; a loss is Σ w_s·term_s / Σ w_s. Weights and dense logits are constants.
/// </summary>
public static class LanguageModelLoss
{
    /// <summary>Weighted mean of −log p(target), by autograd.</summary>
    /// <param name="logits">Finite logits [S, V].</param>
    /// <param name="targets">int64 [S].</param>
    /// <param name="weights">Weight of each row [S], none negative; null: all equal.</param>
    /// <returns>Scalar, float64 if the logits are, else float32.</returns>
    /// <exception cref="ArgumentException">A shape, target or weight does not fit.</exception>
    public static Tensor CrossEntropy(Tensor logits, Tensor targets, Tensor? weights = null)
    {
        LossInputs.Expect(logits, nameof(logits), "[S, V]", LossInputs.Any, LossInputs.Any);
        LossInputs.ExpectRows(logits, nameof(logits));
        CheckTargets(targets, logits.shape[0], logits.shape[1]);
        using var scope = NewDisposeScope();
        var wide = logits.to(LossInputs.Precision(logits));
        var rows = wide.logsumexp(1) - wide.gather(1, targets.unsqueeze(1)).squeeze(1);
        return (rows * Shares(weights, rows)).sum().MoveToOuterDisposeScope();
    }

    /// <summary>Weighted mean of KL(dense ‖ compressed), by autograd; no gradient reaches the dense logits.</summary>
    /// <param name="logits">Finite logits over the compressed cache [S, V].</param>
    /// <param name="denseLogits">Finite logits over the dense cache [S, V].</param>
    /// <param name="weights">Weight of each row [S], none negative; null: all equal.</param>
    /// <returns>Scalar, float64 if the logits are, else float32.</returns>
    /// <exception cref="ArgumentException">A shape or weight does not fit.</exception>
    public static Tensor DivergenceFromDense(Tensor logits, Tensor denseLogits, Tensor? weights = null)
    {
        LossInputs.Expect(logits, nameof(logits), "[S, V]", LossInputs.Any, LossInputs.Any);
        LossInputs.ExpectRows(logits, nameof(logits));
        LossInputs.Expect(denseLogits, nameof(denseLogits), "[S, V]", logits.shape);
        using var scope = NewDisposeScope();
        var precision = LossInputs.Precision(logits);
        var dense = denseLogits.detach().to(precision).log_softmax(1);
        var rows = (dense.exp() * (dense - logits.to(precision).log_softmax(1))).sum(1);
        return (rows * Shares(weights, rows)).sum().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Both losses and their gradient with respect to the hidden states, with bounded memory and without a graph of logits: what
    /// <c>(crossEntropyWeight·CE + divergenceWeight·KL)</c> of <c>linear(hidden, head)</c> would send back to <paramref name="hidden"/>.
    /// Hand it on with <c>hidden.backward(gradient)</c>. Products run in the dtype of hidden and head, all else in float32 (float64 for float64); of half
    /// types the logit gradient is rounded to that type before it is multiplied with the head. The gradient is a constant: no second derivatives.
    /// </summary>
    /// <param name="hidden">Output of the final norm over the compressed cache [S, M]; only its values are read.</param>
    /// <param name="head">Head matrix [V, M].</param>
    /// <param name="targets">int64 [S].</param>
    /// <param name="denseHidden">Output of the final norm over the dense cache [S, M]; may be null where the weight of the divergence is 0.</param>
    /// <param name="crossEntropyWeight">Weight of CE, at least 0.</param>
    /// <param name="divergenceWeight">Weight of KL, at least 0.</param>
    /// <param name="weights">Weight of each row [S], none negative; null: all equal.</param>
    /// <returns>Losses and gradient; to be disposed.</returns>
    /// <exception cref="ArgumentException">A shape, dtype, target or weight does not fit, or the dense side of a weighted divergence is missing.</exception>
    public static LanguageModelGradient Evaluate(Tensor hidden, Tensor head, Tensor targets, Tensor? denseHidden, double crossEntropyWeight, double divergenceWeight, Tensor? weights = null)
    {
        CheckSides(hidden, head, denseHidden, divergenceWeight);
        LossInputs.ExpectWeight(crossEntropyWeight, nameof(crossEntropyWeight));
        CheckTargets(targets, hidden.shape[0], head.shape[0]);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var rowLosses = zeros([2, hidden.shape[0]], LossInputs.Precision(hidden), hidden.device);
        var shares = Shares(weights, rowLosses[0]);
        var gradient = empty_like(hidden);
        new LogitBlocks(head, crossEntropyWeight, divergenceWeight).Run(hidden, denseHidden, targets, shares, rowLosses, gradient);
        var losses = (rowLosses.to(float64) * shares.to(float64)).sum(1).cpu();
        return new LanguageModelGradient(losses[0].item<double>(), losses[1].item<double>(), gradient.DetachFromDisposeScope());
    }

    private static void CheckSides(Tensor hidden, Tensor head, Tensor? denseHidden, double divergenceWeight)
    {
        LossInputs.Expect(hidden, nameof(hidden), "[S, M]", LossInputs.Any, LossInputs.Any);
        LossInputs.ExpectRows(hidden, nameof(hidden));
        LossInputs.Expect(head, nameof(head), "[V, M]", LossInputs.Any, hidden.shape[1]);
        LossInputs.ExpectWeight(divergenceWeight, nameof(divergenceWeight));
        if (head.dtype != hidden.dtype) throw new ArgumentException($"head: expected the dtype of hidden, {hidden.dtype}, got {head.dtype}", nameof(head));
        if (denseHidden is null)
        {
            if (divergenceWeight > 0) throw new ArgumentException($"denseHidden: a divergence of weight {divergenceWeight} needs it, got null", nameof(denseHidden));
            return;
        }
        LossInputs.Expect(denseHidden, nameof(denseHidden), "[S, M]", hidden.shape);
        if (denseHidden.dtype != hidden.dtype) throw new ArgumentException($"denseHidden: expected the dtype of hidden, {hidden.dtype}, got {denseHidden.dtype}", nameof(denseHidden));
    }

    private static void CheckTargets(Tensor targets, long rows, long vocabulary)
    {
        LossInputs.Expect(targets, nameof(targets), "[S]", rows);
        if (targets.dtype != int64) throw new ArgumentException($"targets: expected int64, got {targets.dtype}", nameof(targets));
        using var scope = NewDisposeScope();
        var (low, high) = (targets.min().item<long>(), targets.max().item<long>());
        if (low < 0 || high >= vocabulary) throw new ArgumentException($"targets: {(low < 0 ? low : high)} is outside the vocabulary of {vocabulary}", nameof(targets));
    }

    // w_s / Σ w, in the type and on the device of the rows [S].
    private static Tensor Shares(Tensor? weights, Tensor rows)
    {
        if (weights is null) return full([rows.shape[0]], 1.0 / rows.shape[0], rows.dtype, rows.device);
        LossInputs.Expect(weights, nameof(weights), "[S]", rows.shape[0]);
        var wide = weights.detach().to(float64);
        var sum = wide.sum();
        var (least, total) = (wide.min().item<double>(), sum.item<double>());
        if (!(least >= 0 && total > 0 && double.IsFinite(total)))
            throw new ArgumentException($"weights: expected finite weights of at least 0 that are not all 0, got a least of {least} and a sum of {total}", nameof(weights));
        return (wide / sum).to(rows.dtype).to(rows.device);
    }
}
