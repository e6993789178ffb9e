using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>What Attention Matching minimises, of one head's slots, in double: E = exp(QKᵀ/√D − rowmax) over all keys, y = E·1, S the kept keys, X = softmax(QK_Sᵀ/√D + log w).</summary>
/// <param name="Mass">‖E_S w − y‖² / ‖y‖².</param>
/// <param name="Output">‖X C − Y‖² / ‖Y‖² with Y the outputs of attention on all keys.</param>
internal sealed record MatchingObjectives(double Mass, double Output)
{
    /// <summary>Measures them.</summary>
    /// <param name="queries">Queries of the group, rows of all its heads [Q, D].</param>
    /// <param name="keys">All keys [T, D].</param>
    /// <param name="values">All values [T, D].</param>
    /// <param name="slotKeys">K_S [n, D].</param>
    /// <param name="slotValues">C [n, D].</param>
    /// <param name="bias">log w [n].</param>
    public static MatchingObjectives Of(Tensor queries, Tensor keys, Tensor values, Tensor slotKeys, Tensor slotValues, Tensor bias)
    {
        using var scope = NewDisposeScope();
        var scaled = queries.to(float64) / Math.Sqrt(keys.shape[1]);
        var logits = matmul(scaled, keys.to(float64).t());
        var own = matmul(scaled, slotKeys.to(float64).t()) + bias.to(float64);
        var largest = logits.amax([1], true);
        var mass = (logits - largest).exp().sum(1);
        var outputs = matmul(logits.softmax(-1), values.to(float64));
        double Square(Tensor of) => (of * of).sum().item<double>();
        return new MatchingObjectives(
            Square((own - largest).exp().sum(1) - mass) / Square(mass),
            Square(matmul(own.softmax(-1), slotValues.to(float64)) - outputs) / Square(outputs));
    }
}
