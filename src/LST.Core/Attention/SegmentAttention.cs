using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Attention;

/// <summary>Attention of a causal segment over (compressed prefix ⊕ dense tail ⊕ itself).</summary>
public interface ISegmentAttention
{
    /// <summary>Name on the command line and in records.</summary>
    string Name { get; }

    /// <summary>Attends.</summary>
    /// <param name="queries">Post-RoPE [B, H_q, S, D].</param>
    /// <param name="keys">The segment's own post-RoPE keys [B, H_kv, S, D].</param>
    /// <param name="values">The segment's own values [B, H_kv, S, D].</param>
    /// <param name="layer">What came before; not changed.</param>
    /// <param name="mask">Masks of this forward pass.</param>
    /// <returns>[B, H_q, S, D] in the dtype of the queries, in the current dispose scope.</returns>
    Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask);
}

/// <summary>Library attention: libtorch's fused scaled-dot-product attention over the padded view. The query heads of a group are stacked as rows or, in long segments, keys are repeated: whichever copies less.</summary>
/// <param name="name">Name on the command line and in records.</param>
public sealed class LibraryAttention(string name = "cpu") : ISegmentAttention
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask)
    {
        if (mask.IsPlainCausal(layer)) return Attend(queries, keys, values, null, true);
        var (allKeys, allValues) = SegmentKeys.Join(keys, values, layer);
        return Attend(queries, allKeys, allValues, mask.For(layer), false);
    }

    /// <summary>Attends to keys that are all there.</summary>
    /// <param name="queries">[B, H_q, S, D].</param>
    /// <param name="allKeys">[B, H_kv, n, D].</param>
    /// <param name="allValues">[B, H_kv, n, D].</param>
    /// <param name="additive">Mask [B or 1, H_kv or 1, S, n]; null: none.</param>
    /// <param name="causal">Whether query i sees keys 0..i and there is no other mask.</param>
    internal static Tensor Attend(Tensor queries, Tensor allKeys, Tensor allValues, Tensor? additive, bool causal)
    {
        var (batch, queryHeads, tokens, headDim) = (queries.shape[0], queries.shape[1], queries.shape[2], queries.shape[3]);
        var heads = allKeys.shape[1];
        var group = queryHeads / heads;
        if (causal)
        {
            // The causal kernel skips the upper triangle, which is worth more than the copies of repeated heads.
            var (k, v) = group == 1 ? (allKeys, allValues) : (allKeys.repeat_interleave(group, 1), allValues.repeat_interleave(group, 1));
            return nn.functional.scaled_dot_product_attention(queries, k, v, null, 0, true);
        }
        if (group > 1 && additive is not null && tokens > 2 * headDim)
        {
            // A mask row costs n floats a query, a repeated key and value 2·D: for long segments repeating the keys is the smaller copy.
            if (additive.shape[1] > 1) additive = additive.repeat_interleave(group, 1);
            return nn.functional.scaled_dot_product_attention(queries, allKeys.repeat_interleave(group, 1), allValues.repeat_interleave(group, 1), additive, 0, false);
        }
        var rows = group == 1 ? queries : queries.reshape(batch, heads, group * tokens, headDim);
        if (additive is not null && group > 1) additive = additive.repeat(1, 1, group, 1);
        return nn.functional.scaled_dot_product_attention(rows, allKeys, allValues, additive, 0, false).reshape(batch, queryHeads, tokens, headDim);
    }
}

/// <summary>The oracle: every product written out in double precision. Slow; for tests and <c>--attention reference</c>.</summary>
public sealed class ReferenceAttention : ISegmentAttention
{
    /// <inheritdoc/>
    public string Name => "reference";

    /// <inheritdoc/>
    public Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask)
    {
        var (batch, queryHeads, tokens, headDim) = (queries.shape[0], queries.shape[1], queries.shape[2], queries.shape[3]);
        var heads = keys.shape[1];
        var (allKeys, allValues) = SegmentKeys.Join(keys, values, layer);
        var grouped = queries.to(float64).reshape(batch, heads, queryHeads / heads, tokens, headDim);
        var logits = matmul(grouped, allKeys.to(float64).unsqueeze(2).transpose(-1, -2)) / Math.Sqrt(headDim);
        if (mask.For(layer) is { } additive) logits += additive.to(float64).unsqueeze(2);
        return matmul(logits.softmax(-1), allValues.to(float64).unsqueeze(2)).reshape(batch, queryHeads, tokens, headDim).to(queries.dtype);
    }
}

internal static class SegmentKeys
{
    /// <summary>Keys and values [B, H_kv, slots + tail + S, D].</summary>
    public static (Tensor Keys, Tensor Values) Join(Tensor keys, Tensor values, LayerCache layer)
    {
        List<Tensor> k = [], v = [];
        if (layer.Prefix is { } prefix)
        {
            var padded = prefix.Padded();
            k.Add(padded.Keys);
            v.Add(padded.Values);
        }
        if (layer.Tail.Length > 0)
        {
            var (tailKeys, tailValues) = layer.Tail.Joined();
            k.Add(tailKeys);
            v.Add(tailValues);
        }
        if (k.Count == 0) return (keys, values);
        return (cat([.. k, keys], 2), cat([.. v, values], 2));
    }
}
