using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>Accumulates channel statistics in double precision.</summary>
public sealed class InputScaleBuilder : IDisposable
{
    private readonly Tensor sum, squares;
    private readonly long[] counts;

    /// <summary>Starts at nothing.</summary>
    public InputScaleBuilder(SidecarModel model)
    {
        long[] shape = [model.Layers, model.KeyValueHeads, 2L * model.HeadDim];
        (sum, squares) = (zeros(shape, float64).DetachFromDisposeScope(), zeros(shape, float64).DetachFromDisposeScope());
        counts = new long[model.Layers];
    }

    /// <summary>Adds keys and values of one layer [H_kv, T, D].</summary>
    public void Add(int layer, Tensor keys, Tensor values)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var rows = cat([keys, values], 2).to(float64).cpu();
        sum[layer].add_(rows.sum(1));
        squares[layer].add_(rows.square().sum(1));
        counts[layer] += rows.shape[1];
    }

    /// <summary>The scale so far; channels that never change get deviation 1.</summary>
    /// <exception cref="InvalidOperationException">A layer was never added.</exception>
    public InputScale Build()
    {
        if (counts.Contains(0)) throw new InvalidOperationException("every layer must be added before a scale is built");
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var n = tensor(counts.Select(count => (double)count).ToArray(), counts.Length, 1, 1);
        var mean = sum / n;
        var deviation = (squares / n - mean.square()).clamp_min(0).sqrt();
        deviation = where(deviation > 1e-6, deviation, ones_like(deviation));
        return new InputScale(mean.to(float32).DetachFromDisposeScope(), deviation.to(float32).DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sum.Dispose();
        squares.Dispose();
    }
}
