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
        Positions = tensor(layout.WidePositions, device: device).DetachFromDisposeScope();
        var (c, s) = rotary.Tables(layout.WidePositions);
        (cos, sin) = (c.to(device).DetachFromDisposeScope(), s.to(device).DetachFromDisposeScope());
    }

    /// <summary>How many.</summary>
    public long Count => starts.shape[0];

    /// <summary>Log mass of each window [count] float32.</summary>
    public Tensor LogMass => counts.log().squeeze(1);

    /// <summary>Position of each window [count] int64.</summary>
    public Tensor Positions { get; }

    /// <summary>Means of rows [H_kv, T, D] → [count, D] float32; running sums in double.</summary>
    public Tensor Means(Tensor rows) => MeansOf(RunningSums(rows));

    /// <summary>The same from <see cref="RunningSums"/>, for whoever has many ways to cut the same rows.</summary>
    public Tensor MeansOf(Tensor sums) => ((sums.index_select(0, ends) - sums.index_select(0, starts)) / counts).to(float32);

    /// <summary>Rows [H_kv, T, D] → sums of the rows before each [H_kv·(T + 1), D] float64.</summary>
    public static Tensor RunningSums(Tensor rows) =>
        cat([zeros(rows.shape[0], 1, rows.shape[2], float64, rows.device), rows.to(float64).cumsum(1)], 1).reshape(-1, rows.shape[2]);

    /// <summary>Pre-RoPE means turned to the windows' positions.</summary>
    public Tensor Place(Tensor means) => RotaryEmbedding.Rotate(means, cos, sin);

    public void Dispose()
    {
        foreach (var tensor in new[] { starts, ends, counts, cos, sin, Positions }) tensor.Dispose();
    }
}
