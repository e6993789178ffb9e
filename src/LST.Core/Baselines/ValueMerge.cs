using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>Merges rows of one head in place, so that the rows of kept tokens hold what their slots hold.</summary>
/// <param name="head">KV head from 0.</param>
/// <param name="rows">[T · width], one row a token.</param>
/// <param name="width">Numbers of a row.</param>
internal delegate void HeadMerge(int head, Span<float> rows, int width);

/// <summary>Methods that keep the keys of chosen tokens and put values of dropped ones into theirs. Merged in float32 on the CPU, rounded once to the cache's type.</summary>
internal static class ValueMerge
{
    /// <summary>The kept tokens with merged values.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="kept">[H_kv][slots], ascending.</param>
    /// <param name="merge">The merge of a head.</param>
    /// <param name="counts">Tokens that each slot stands for, head after head; null: one each.</param>
    public static CompressedLayer Compress(LayerContext layer, IReadOnlyList<int[]> kept, HeadMerge merge, float[]? counts = null)
    {
        using var scope = NewDisposeScope();
        var (tokens, width) = (layer.Tokens, (int)layer.Values.shape[2]);
        var values = empty(layer.Values.shape, float32).copy_(layer.Values);
        for (var h = 0; h < kept.Count; h++) merge(h, values.Span<float>().Slice(h * tokens * width, tokens * width), width);
        return Selection.Gather(layer, kept, values, counts);
    }

    /// <summary>Weights of tokens in the values of the slots: the same merge, run over unit vectors. Tokens without weight are left out.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="kept">[H_kv][slots], ascending.</param>
    /// <param name="merge">The merge of a head.</param>
    /// <param name="sinks">First tokens kept in any case.</param>
    /// <param name="recent">Last tokens kept in any case; those whose values were merged are told as merged.</param>
    public static IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, IReadOnlyList<int[]> kept, HeadMerge merge, int sinks, int recent)
    {
        var tokens = layer.Tokens;
        var origins = new IReadOnlyList<SlotOrigin>[kept.Count];
        for (var h = 0; h < origins.Length; h++)
        {
            using var scope = NewDisposeScope();
            var rows = eye(tokens, dtype: float32);
            merge(h, rows.Span<float>(), tokens);
            origins[h] = [.. kept[h].Select(token => Origin(rows.Span<float>().Slice(token * tokens, tokens), token, sinks, recent))];
        }
        return origins;
    }

    private static SlotOrigin Origin(ReadOnlySpan<float> weights, int token, int sinks, int recent)
    {
        List<int> members = [];
        for (var j = 0; j < weights.Length; j++) if (weights[j] != 0) members.Add(j);
        if (members is [var only] && only == token) return SlotOrigin.Of(token, weights.Length, sinks, recent);
        var held = new float[members.Count];
        for (var i = 0; i < held.Length; i++) held[i] = weights[members[i]];
        return new SlotOrigin(SlotPart.Merged, members, held);
    }
}
