using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Attention;

/// <summary>
/// Additive float32 masks of one causal segment of S queries over a layer's cache: [B or 1, H_kv or 1, S, slots + tail + S].
/// Entry: the slot's bias where the query at true position t may see it (position ≤ t, and t − position &lt; W under a sliding window W), else −inf.
/// Layers that need the same mask share it; that of one layer alone is freed when the next layer asks, for together they are as large as the attention
/// logits of the whole model. Lives for one forward pass.
/// </summary>
/// <param name="cache">Where the segment goes; its next positions are those of the segment's first token.</param>
/// <param name="tokens">S.</param>
/// <param name="slidingWindow">W in tokens, or null.</param>
/// <param name="device">Device of the result.</param>
public sealed class SegmentMask(KvCache cache, int tokens, int? slidingWindow, Device device) : IDisposable
{
    private readonly Dictionary<(int Slots, int Tail), Tensor?> shared = [];
    private Tensor? ofOneLayer;

    /// <summary>Whether the segment is a plain causal square: nothing in the cache and no window shorter than the segment.</summary>
    public bool IsPlainCausal(LayerCache layer) => layer.Prefix is null && layer.Tail.Length == 0 && !(slidingWindow < tokens);

    /// <summary>The mask of one layer, or null when every query sees every key with bias 0. Valid until the next layer's; not to be disposed.</summary>
    public Tensor? For(LayerCache layer)
    {
        var prefix = layer.Prefix;
        var isShared = prefix is null || (slidingWindow is null && prefix.IsUniform && prefix.Bias is null);
        var key = (Slots: prefix?.LongestLength ?? 0, Tail: layer.Tail.Length);
        if (isShared && shared.TryGetValue(key, out var known)) return known;
        var mask = Detached(() => slidingWindow is { } window ? Windowed(layer, window)
            : !isShared ? Join(Visible(prefix!, key.Tail), Causal())
            : tokens == 1 ? null : Join(zeros(1, 1, tokens, key.Slots + key.Tail, float32), Causal()));
        if (isShared) return shared[key] = mask;
        ofOneLayer?.Dispose();
        return ofOneLayer = mask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var mask in shared.Values) mask?.Dispose();
        ofOneLayer?.Dispose();
    }

    private Tensor? Detached(Func<Tensor?> make)
    {
        using var scope = NewDisposeScope();
        return make()?.to(device).DetachFromDisposeScope();
    }

    private Tensor Causal() => full(1, 1, tokens, tokens, float.NegativeInfinity, float32).triu(1);

    // [B, H, S, slots + tail]: bias and padding of the prefix, zeros for the tail.
    private Tensor Visible(CompressedLayer prefix, int tail)
    {
        var slots = prefix.Padded().Mask ?? zeros(1, 1, prefix.LongestLength, float32);
        return Join(slots.cpu().unsqueeze(2), zeros(1, 1, 1, tail, float32)).expand(slots.shape[0], slots.shape[1], tokens, -1);
    }

    private Tensor Windowed(LayerCache layer, int window)
    {
        var prefix = layer.Prefix;
        var slots = prefix?.LongestLength ?? 0;
        var (batch, heads) = (cache.Batch, prefix?.KeyValueHeads ?? 1);
        var keys = slots + layer.Tail.Length + tokens;
        var next = cache.NextPositions;
        var mask = new float[(long)batch * heads * tokens * keys];
        // A bias that is being learned is added below, where gradients can follow.
        var learned = prefix?.Bias is { requires_grad: true };
        var bias = learned ? null : prefix?.Bias?.cpu().data<float>().ToArray();
        for (var b = 0; b < batch; b++)
            for (var h = 0; h < heads; h++)
                for (var q = 0; q < tokens; q++)
                {
                    var row = mask.AsSpan(((b * heads + h) * tokens + q) * keys, keys);
                    var position = next[b] + q;
                    for (var j = 0; j < keys; j++)
                    {
                        var slot = prefix is null ? 0 : prefix.Offsets[b * heads + h] + j;
                        var isSlot = j < slots;
                        var padding = isSlot && j >= prefix!.Length(b, h);
                        var at = isSlot ? (padding ? 0 : prefix!.Positions[slot]) : next[b] - layer.Tail.Length + (j - slots);
                        row[j] = padding || at > position || position - at >= window ? float.NegativeInfinity : isSlot && bias is not null ? bias[slot] : 0f;
                    }
                }
        var made = tensor(mask, batch, heads, tokens, keys);
        return learned ? made + Join(prefix!.Padded().Mask!.cpu().unsqueeze(2), zeros(1, 1, 1, keys - slots, float32)) : made;
    }

    private static Tensor Join(Tensor left, Tensor right)
    {
        var (batch, heads, rows) = (Math.Max(left.shape[0], right.shape[0]), Math.Max(left.shape[1], right.shape[1]), Math.Max(left.shape[2], right.shape[2]));
        return cat([left.expand(batch, heads, rows, -1), right.expand(batch, heads, rows, -1)], 3);
    }
}
