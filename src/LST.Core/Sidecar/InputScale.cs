using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>Mean and deviation of each channel of keys and values, for each layer and head, measured on training text. Not learned, and not counted as parameters.</summary>
/// <param name="mean">[L, H_kv, 2D] float32: keys in the sidecar's key space, then values.</param>
/// <param name="deviation">[L, H_kv, 2D] float32, positive.</param>
public sealed class InputScale(Tensor mean, Tensor deviation) : IDisposable
{
    /// <summary>[L, H_kv, 2D].</summary>
    public Tensor Mean => mean;

    /// <summary>[L, H_kv, 2D].</summary>
    public Tensor Deviation => deviation;

    /// <summary>Mean 0 and deviation 1: inputs as they are.</summary>
    public static InputScale Unit(SidecarConfig config)
    {
        long[] shape = [config.Model.Layers, config.Model.KeyValueHeads, 2L * config.Model.HeadDim];
        return new InputScale(zeros(shape, float32).DetachFromDisposeScope(), ones(shape, float32).DetachFromDisposeScope());
    }

    /// <summary>Scaled keys and values of one layer: [H_kv, T, D] twice → [H_kv, T, 2D].</summary>
    public Tensor Apply(int layer, Tensor keys, Tensor values) =>
        (cat([keys, values], 2) - mean[layer].unsqueeze(1)) / deviation[layer].unsqueeze(1);

    /// <summary>Deviations of keys of one layer [H_kv, D].</summary>
    public Tensor KeyDeviation(int layer) => deviation[layer].narrow(1, 0, deviation.shape[2] / 2);

    /// <summary>Deviations of values of one layer [H_kv, D].</summary>
    public Tensor ValueDeviation(int layer) => deviation[layer].narrow(1, deviation.shape[2] / 2, deviation.shape[2] / 2);

    /// <inheritdoc/>
    public void Dispose()
    {
        mean.Dispose();
        deviation.Dispose();
    }
}
