using static TorchSharp.torch;

namespace LST.Core.Sidecar.Networks;

/// <summary>Gathering and products on packed windows.</summary>
internal static class WindowMath
{
    /// <summary>Features of what each window sees, zero where there is nothing: [H_kv, T, F] → [N, w_max + 2c, F].</summary>
    public static Tensor Gather(Tensor features, WindowBatch batch)
    {
        var width = features.shape[2];
        var flat = features.reshape(-1, width);
        // One row more, all zero, stands for absent tokens.
        var padded = cat([flat, zeros(1, width, flat.dtype, flat.device)], 0);
        return padded.index_select(0, batch.Seen.view(-1)).view(batch.Windows, -1, width);
    }

    /// <summary>Tokens of the windows themselves: [H_kv, T, F] → [N, w_max, F], zero behind a window's end.</summary>
    public static Tensor Own(Tensor features, WindowBatch batch, SidecarConfig config)
    {
        var width = features.shape[2];
        var flat = cat([features.reshape(-1, width), zeros(1, width, features.dtype, features.device)], 0);
        var rows = batch.Seen.narrow(1, config.Neighbours, config.LongestWindow).reshape(-1);
        return flat.index_select(0, rows).view(batch.Windows, config.LongestWindow, width);
    }

    /// <summary>A product with the weights of each window's own head: [N, in] · [H_kv, in, out] → [N, out].</summary>
    public static Tensor ByHead(Tensor packed, Tensor weights, WindowBatch batch)
    {
        var heads = weights.shape[0];
        if (batch.IsUniform) return packed.view(heads, -1, packed.shape[1]).bmm(weights).view(-1, weights.shape[2]);
        List<Tensor> parts = [];
        for (var h = 0; h < heads; h++)
        {
            var (from, to) = (batch.HeadOffsets[h], batch.HeadOffsets[h + 1]);
            if (to > from) parts.Add(packed.narrow(0, from, to - from).mm(weights[h]));
        }
        return cat(parts, 0);
    }

    /// <summary>The row of each window's own head: [H_kv, F] → [N, F].</summary>
    public static Tensor RowOfHead(Tensor rows, WindowBatch batch) => rows.index_select(0, batch.HeadOfWindow);
}
