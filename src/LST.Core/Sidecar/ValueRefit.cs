using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>
/// Closed-form refit of the super-tokens' values (ridge regression; the value step of Attention Matching, arXiv 2602.16284, around a proposal): for probe queries Q of a KV head,
/// X = softmax(Q K̃ᵀ/√D + β), Y = softmax(Q Kᵀ/√D) V; the values Ṽ of super-tokens move by the Δ that minimises ‖X_s Δ − (Y − X Ṽ)‖² + λ ‖Δ‖², λ relative to
/// the mean diagonal of X_sᵀX_s. Sinks and recents keep their values. Differentiable in everything.
/// </summary>
public static class ValueRefit
{
    /// <summary>The layer with refitted values; belongs to the current dispose scope.</summary>
    /// <param name="layer">The proposal, batch 1, as <see cref="SuperTokens.Packed"/> made it.</param>
    /// <param name="keys">Post-RoPE dense keys [H_kv, T, D].</param>
    /// <param name="values">Dense values [H_kv, T, D].</param>
    /// <param name="queries">Post-RoPE probes [H_q, Q, D].</param>
    /// <param name="batch">The windows.</param>
    /// <param name="strength">Relative λ, at least 0.</param>
    public static CompressedLayer Apply(CompressedLayer layer, Tensor keys, Tensor values, Tensor queries, WindowBatch batch, double strength)
    {
        var (heads, headDim) = (layer.KeyValueHeads, keys.shape[2]);
        var scale = 1 / Math.Sqrt(headDim);
        var probes = queries.to(float32).reshape(heads, -1, headDim);                                   // the group's query heads as rows
        List<Tensor> refitted = [];
        for (var h = 0; h < heads; h++)
        {
            var (from, count) = (layer.Offsets[h], layer.Length(0, h));
            var own = layer.Values.narrow(0, from, count).to(float32);
            if (batch.Plans[h] is not { } plan)
            {
                refitted.Add(own);
                continue;
            }
            var logits = matmul(probes[h], layer.Keys.narrow(0, from, count).to(float32).t()) * scale;
            if (layer.Bias is not null) logits = logits + layer.Bias.narrow(0, from, count);
            var x = logits.softmax(-1);
            var y = matmul((matmul(probes[h], keys[h].to(float32).t()) * scale).softmax(-1), values[h].to(float32));
            var supers = x.narrow(1, plan.Sinks, plan.MiddleSlots);
            var square = matmul(supers.t(), supers);
            var lambda = square.diagonal().mean() * strength + 1e-8;
            var system = square + eye(square.shape[0], dtype: float32, device: square.device) * lambda;
            var delta = linalg.solve(system, matmul(supers.t(), y - matmul(x, own)));
            refitted.Add(cat([own.narrow(0, 0, plan.Sinks), own.narrow(0, plan.Sinks, delta.shape[0]) + delta, own.narrow(0, plan.Sinks + delta.shape[0], plan.Recent)], 0));
        }
        return new CompressedLayer(1, heads, layer.Keys, cat(refitted, 0).to(layer.Values.dtype), layer.Offsets.ToArray(), layer.Positions.ToArray(), layer.Bias, layer.Counts, layer.PositionsShared);
    }
}
