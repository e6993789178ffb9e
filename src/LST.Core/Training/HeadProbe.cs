using LST.Core.Sidecar;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>
/// Queries of a continuation at one layer, and what a compressed prefix changes of what they read. All that does not depend on how it is compressed is computed once: of a kept token
/// the share e^logit and what it adds along the gradient, g·v·e^logit. A way to spend slots costs as much as its wide windows. Sums are float64, so that none vanishes beside a larger one.
/// Tensors live in the caller's dispose scope.
/// </summary>
internal sealed class HeadProbe
{
    private readonly Tensor queries, gradients;             // [H_kv, G·Q, D] float32, a group's query heads as rows; queries by 1/√D
    private readonly Tensor top;                            // largest dense logit [H_kv, G·Q, 1] float32
    private readonly Tensor shares, moved;                  // of each token [H_kv, G·Q, T] float64
    private readonly Tensor lastShares, lastMoved;          // at t: sums over the t + 1 last tokens
    private readonly Tensor ownShare, ownMoved, dense;      // [H_kv, G·Q] float64
    private readonly Tensor? since;                         // first position that a query sees [G·Q, 1], where the model has a sliding window
    private readonly long heads, group;

    /// <summary>Evenly spread queries of a continuation.</summary>
    /// <param name="layer">The layer of the continuation.</param>
    /// <param name="keys">Post-RoPE keys of the prefix [H_kv, T, D].</param>
    /// <param name="values">Values of the prefix [H_kv, T, D].</param>
    /// <param name="count">Most queries a query head.</param>
    /// <param name="slidingWindow">Tokens that a query sees, itself included; null: all.</param>
    public HeadProbe(LayerContribution layer, Tensor keys, Tensor values, int count, int? slidingWindow = null)
    {
        var (tokens, headDim, all) = (keys.shape[1], keys.shape[2], layer.Queries.shape[1]);
        var taken = (int)Math.Min(count, all);
        var index = tensor(Enumerable.Range(0, taken).Select(i => i * all / taken).ToArray(), device: keys.device);
        (heads, group) = (keys.shape[0], layer.Queries.shape[0] / keys.shape[0]);
        Tensor Rows(Tensor perHead) => perHead.index_select(1, index).to(float32).view(heads, group * taken, headDim);
        (queries, gradients) = (Rows(layer.Queries) / Math.Sqrt(headDim), Rows(layer.Gradients));
        var positions = (index + tokens).repeat(group).unsqueeze(1);                            // [G·Q, 1]
        since = slidingWindow is { } window ? positions - (window - 1) : null;

        var prefix = Seen(Products(queries, keys), arange(tokens, device: keys.device));
        var ownPositions = arange(tokens, tokens + all, device: keys.device);
        var own = Seen(Products(queries, layer.Keys), ownPositions).masked_fill(ownPositions > positions, float.NegativeInfinity);
        top = maximum(prefix.amax([2], true), own.amax([2], true));
        (shares, var ownShares) = ((prefix - top).to(float64).exp(), (own - top).to(float64).exp());
        moved = shares * Products(gradients, values);
        (lastShares, lastMoved) = (shares.flip(2).cumsum(2), moved.flip(2).cumsum(2));
        (ownShare, ownMoved) = (ownShares.sum(2), (ownShares * Products(gradients, layer.Values)).sum(2));
        dense = (ownMoved + moved.sum(2)) / (ownShare + shares.sum(2));
    }

    /// <summary>Estimated divergence, nats a token, that the change of what each KV head's group reads makes: ½ mean (g·Δ)² [H_kv].</summary>
    /// <param name="sinks">First tokens that every head keeps.</param>
    /// <param name="recent">Last tokens that every head keeps.</param>
    /// <param name="wideKeys">Post-RoPE keys of the windows between [H_kv, N, D] float32, N ≥ 1.</param>
    /// <param name="wideValues">Their values [H_kv, N, D] float32.</param>
    /// <param name="wide">Their log mass and positions.</param>
    public double[] Loss(int sinks, int recent, Tensor wideKeys, Tensor wideValues, WideWindows wide)
    {
        using var scope = NewDisposeScope();
        var (share, read) = (ownShare + shares.narrow(2, 0, sinks).sum(2), ownMoved + moved.narrow(2, 0, sinks).sum(2));
        if (recent > 0) (share, read) = (share + lastShares.select(2, recent - 1), read + lastMoved.select(2, recent - 1));
        var logits = Seen(Products(queries, wideKeys).add_(wide.LogMass.view(heads, 1, -1)), wide.Positions.view(heads, 1, -1));
        // Finite even where no query sees a window.
        var wideTop = logits.amax([2], true).clamp_min(-1e30);
        var wideShares = logits.sub_(wideTop).exp_();
        var factor = (wideTop - top).to(float64).exp().squeeze(2);
        share = share + wideShares.sum(2) * factor;
        read = read + (matmul(wideShares, wideValues) * gradients).sum(2) * factor;
        var change = (read / share - dense).view(heads, group, -1).sum(1);            // [H_kv, Q]
        return (change.square().mean([1]) / 2).cpu().data<double>().ToArray();
    }

    /// <summary>The same for a compressed layer of any kind.</summary>
    public double[] Loss(Caching.CompressedLayer layer)
    {
        using var scope = NewDisposeScope();
        var (keys, values, mask) = layer.Padded();
        var logits = Products(queries, keys[0]);
        if (mask is not null) logits.add_(mask[0].unsqueeze(1));
        if (since is not null)
        {
            var positions = tensor(layer.Positions.ToArray(), device: logits.device).to(int64).view(heads, 1, -1);
            logits = Seen(logits, positions);
        }
        var slotTop = logits.amax([2], true).clamp_min(-1e30);
        var slotShares = logits.sub_(slotTop).exp_();
        var factor = (slotTop - top).to(float64).exp().squeeze(2);
        var share = ownShare + slotShares.sum(2) * factor;
        var read = ownMoved + (matmul(slotShares, values[0].to(float32)) * gradients).sum(2) * factor;
        var change = (read / share - dense).view(heads, group, -1).sum(1);
        return (change.square().mean([1]) / 2).cpu().data<double>().ToArray();
    }

    private static Tensor Products(Tensor rows, Tensor columns) => matmul(rows, columns.to(float32).transpose(1, 2));

    private Tensor Seen(Tensor logits, Tensor positions) => since is null ? logits : logits.masked_fill(positions < since, float.NegativeInfinity);
}
