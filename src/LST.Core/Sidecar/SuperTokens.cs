using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>The super-tokens of one layer, packed by head as the windows are.</summary>
/// <param name="Keys">Post-RoPE [N·m, D] float32.</param>
/// <param name="Values">[N·m, D] float32.</param>
/// <param name="Bias">Log mass [N·m] float32, or null.</param>
/// <param name="KeyWeights">Pooling weights of keys [N, m, w_max], or null where the mean is taken.</param>
/// <param name="ValueWeights">Pooling weights of values [N, m, w_max], or null.</param>
/// <param name="WideKeys">Post-RoPE mean keys of wide windows [count, D], or null.</param>
public sealed record SuperTokens(Tensor Keys, Tensor Values, Tensor? Bias, Tensor? KeyWeights, Tensor? ValueWeights, Tensor? WideKeys = null)
{
    /// <summary>Puts sinks, super-tokens and recents of every head into packed storage. Differentiable; belongs to the current dispose scope.</summary>
    /// <param name="keys">Post-RoPE keys [H_kv, T, D].</param>
    /// <param name="values">Values [H_kv, T, D].</param>
    /// <param name="batch">The windows.</param>
    public CompressedLayer Packed(Tensor keys, Tensor values, WindowBatch batch)
    {
        var headDim = keys.shape[2];
        Tensor Join(Tensor dense, Tensor made, Tensor? wide) =>
            cat(wide is null ? [dense.reshape(-1, headDim), made.to(dense.dtype)] : [dense.reshape(-1, headDim), made.to(dense.dtype), wide.to(dense.dtype)], 0).index_select(0, batch.Rows);
        return new CompressedLayer(1, batch.Plans.Count, Join(keys, Keys, WideKeys), Join(values, Values, batch.Wide?.Means(values)), batch.SlotOffsets, batch.SlotPositions, SlotBias(keys, batch), batch.SlotCounts, SharesPositions(batch));
    }

    // [Σ slots]: 0 for kept tokens. Wide windows always carry their mass.
    private Tensor? SlotBias(Tensor keys, WindowBatch batch)
    {
        if (Bias is null && batch.Wide is null) return null;
        List<Tensor> parts = [zeros(keys.shape[0] * keys.shape[1], float32, keys.device), Bias ?? zeros(Keys.shape[0], float32, keys.device)];
        if (batch.Wide is { } wide) parts.Add(wide.LogMass);
        return cat(parts, 0).index_select(0, batch.Rows);
    }

    private static bool SharesPositions(WindowBatch batch) => batch.Plans.All(plan => Equals(plan, batch.Plans[0]));
}
