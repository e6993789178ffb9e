using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Compression.Online;

/// <summary>
/// Attention of one step's queries in one layer over prefix slots and tail, the step's own tokens at its end: what methods that rank by attention look
/// at. Computed when first read.
/// </summary>
/// <param name="queries">Post-RoPE queries of the step [B, H_q, S, D].</param>
/// <param name="layer">The layer, the step's tokens appended.</param>
/// <param name="seen">Tokens of each sample, the step's included [B].</param>
/// <param name="slidingWindow">W in tokens, or null.</param>
public sealed class StepAttention(Tensor queries, LayerCache layer, ReadOnlyMemory<long> seen, int? slidingWindow) : IDisposable
{
    private Tensor? weights, rows;

    /// <summary>
    /// Weights [B, H_kv, S, slots + tail] float32, the mean over the query heads of a group; rows sum to 1. Slots in the order of
    /// <see cref="CompressedLayer.Padded"/>, 0 on padding. Not to be disposed.
    /// </summary>
    public Tensor Rows => rows ??= Reduced(GroupReduction.Mean).DetachFromDisposeScope();

    /// <summary>As <see cref="Rows"/>, by another reduction over the query heads of a group. In the current dispose scope.</summary>
    public Tensor Reduced(GroupReduction reduction)
    {
        using var noGradients = no_grad();
        weights ??= Compute();
        return reduction switch
        {
            GroupReduction.Max => weights.amax([2]),
            GroupReduction.Sum => weights.sum(2),
            _ => weights.mean([2]),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        weights?.Dispose();
        rows?.Dispose();
    }

    // Weights of every query head [B, H_kv, G, S, slots + tail].
    private Tensor Compute()
    {
        using var scope = NewDisposeScope();
        var (tailKeys, _) = layer.Tail.Joined();
        var keys = layer.Prefix is { } prefix ? cat([prefix.Padded().Keys, tailKeys], 2) : tailKeys;
        var (batch, heads, tokens, headDim) = (keys.shape[0], keys.shape[1], queries.shape[2], queries.shape[3]);
        var grouped = queries.to(float32).reshape(batch, heads, -1, tokens, headDim);
        var logits = matmul(grouped, keys.to(float32).unsqueeze(2).transpose(-1, -2)) / Math.Sqrt(headDim) + Mask((int)tokens).to(queries.device).unsqueeze(2);
        return logits.softmax(-1).DetachFromDisposeScope();
    }

    // [B, H_kv, S, slots + tail]: bias; −∞ on padding, on later tokens and beyond the sliding window.
    private Tensor Mask(int tokens)
    {
        var (prefix, tail) = (layer.Prefix, layer.Tail.Length);
        var (batch, slots) = (seen.Length, prefix?.LongestLength ?? 0);
        var heads = prefix?.KeyValueHeads ?? 1;
        var bias = prefix?.Bias is { } biases ? biases.cpu().data<float>().ToArray() : null;
        var (mask, at) = (new float[(long)batch * heads * tokens * (slots + tail)], 0);
        for (var b = 0; b < batch; b++)
            for (var h = 0; h < heads; h++)
                for (var q = 0; q < tokens; q++)
                {
                    var position = seen.Span[b] - tokens + q;
                    bool IsVisible(long other) => other <= position && !(slidingWindow is { } window && position - other >= window);
                    for (var j = 0; j < slots; j++)
                    {
                        var row = prefix!.Offsets[b * heads + h] + j;
                        mask[at++] = j < prefix.Length(b, h) && IsVisible(prefix.Positions[row]) ? bias?[row] ?? 0 : float.NegativeInfinity;
                    }
                    for (var j = 0; j < tail; j++) mask[at++] = IsVisible(seen.Span[b] - tail + j) ? 0 : float.NegativeInfinity;
                }
        return tensor(mask, batch, heads, tokens, slots + tail);
    }
}
