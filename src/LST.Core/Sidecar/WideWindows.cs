using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>Windows that are too long for the network: means of keys and values with their log mass, as mean pooling makes them.</summary>
internal sealed class WideWindows : IDisposable
{
    private readonly Tensor starts, ends, counts, cos, sin;

    public WideWindows(WindowLayout layout, RotaryEmbedding rotary, Device device)
    {
        using var scope = NewDisposeScope();
        (starts, ends) = (tensor(layout.WideStarts, device: device).DetachFromDisposeScope(), tensor(layout.WideEnds, device: device).DetachFromDisposeScope());
        counts = tensor(layout.WideCounts, layout.WideCounts.Length, 1, device: device).DetachFromDisposeScope();
        var (c, s) = rotary.Tables(layout.WidePositions);
        (cos, sin) = (c.to(device).DetachFromDisposeScope(), s.to(device).DetachFromDisposeScope());
    }

    /// <summary>How many.</summary>
    public long Count => starts.shape[0];

    /// <summary>Log mass of each window [count] float32.</summary>
    public Tensor LogMass => counts.log().squeeze(1);

    /// <summary>Means of rows [H_kv, T, D] → [count, D] float32; running sums in double.</summary>
    public Tensor Means(Tensor rows)
    {
        var sums = cat([zeros(rows.shape[0], 1, rows.shape[2], float64, rows.device), rows.to(float64).cumsum(1)], 1).reshape(-1, rows.shape[2]);
        return ((sums.index_select(0, ends) - sums.index_select(0, starts)) / counts).to(float32);
    }

    /// <summary>Pre-RoPE means turned to the windows' positions.</summary>
    public Tensor Place(Tensor means) => RotaryEmbedding.Rotate(means, cos, sin);

    public void Dispose()
    {
        foreach (var tensor in new[] { starts, ends, counts, cos, sin }) tensor.Dispose();
    }
}
