using LST.Core.Caching;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>Scores several continuations of one context over its cache, in one pass where copies of the cache are small.</summary>
internal static class ContinuationBatch
{
    /// <summary>Bytes that copies of a cache may take; above, continuations go one by one.</summary>
    private const long CopyBytes = 256L << 20;

    /// <summary>Log-likelihoods of continuations. The cache is left as it is.</summary>
    /// <param name="model">The model.</param>
    /// <param name="cache">All ids of the context but the last, batch 1.</param>
    /// <param name="last">The last id of the context, which was held back.</param>
    /// <param name="continuations">Ids that are scored, at least one each.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static ContinuationScore[] Score(LanguageModel model, KvCache cache, int last, IReadOnlyList<int[]> continuations, CancellationToken cancel)
    {
        if (continuations.Count == 1) return Pass(model, cache, last, continuations, cancel);
        if (cache.Bytes * continuations.Count > CopyBytes) return [.. continuations.SelectMany(ids => Pass(model, cache, last, [ids], cancel))];
        using var copies = Repeat(model, cache, continuations.Count);
        return Pass(model, copies, last, continuations, cancel);
    }

    private static ContinuationScore[] Pass(LanguageModel model, KvCache cache, int last, IReadOnlyList<int[]> continuations, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        // Rows are filled up at their ends, which a causal model does not see; the last id of each is only scored.
        var width = continuations.Max(ids => ids.Length);
        var inputs = new long[continuations.Count * width];
        for (var b = 0; b < continuations.Count; b++)
        {
            inputs[b * width] = last;
            for (var i = 1; i < continuations[b].Length; i++) inputs[(b * width) + i] = continuations[b][i - 1];
        }
        var hidden = model.Run(tensor(inputs, continuations.Count, width).to(model.Device), cache, new SegmentOptions { Append = false, Cancel = cancel });   // [B, S, M]
        return LogLikelihoodScorer.Scores(model, cat([.. continuations.Select((ids, b) => hidden[b].narrow(0, 0, ids.Length))], 0), continuations);
    }

    // A batch of the same sample.
    private static KvCache Repeat(LanguageModel model, KvCache cache, int times)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var copies = model.NewCache(times, Math.Max(1, cache.Layers.Max(layer => layer.Tail.Length)));
        for (var l = 0; l < cache.Layers.Count; l++)
        {
            if (cache.Layers[l].Prefix is { } prefix) copies.Layers[l].Replace(Repeat(prefix, times));
            if (cache.Layers[l].Tail.Length == 0) continue;
            var (keys, values) = cache.Layers[l].Tail.Joined();                                                  // [1, H_kv, T, D]
            copies.Layers[l].Tail.Append(keys.expand(times, -1, -1, -1), values.expand(times, -1, -1, -1));
        }
        copies.NextPositions.Fill(cache.NextPositions[0]);
        return copies;
    }

    private static CompressedLayer Repeat(CompressedLayer layer, int times)
    {
        var (heads, rows) = (layer.KeyValueHeads, layer.Offsets[^1]);
        var offsets = new int[(times * heads) + 1];
        var positions = new int[times * rows];
        for (var b = 0; b < times; b++)
        {
            for (var h = 0; h < heads; h++) offsets[(b * heads) + h + 1] = (b * rows) + layer.Offsets[h + 1];
            layer.Positions.CopyTo(positions.AsSpan(b * rows));
        }
        return new CompressedLayer(times, heads, layer.Keys.repeat(times, 1), layer.Values.repeat(times, 1), offsets, positions, layer.Bias?.repeat(times), positionsShared: layer.PositionsShared).Detached();
    }
}
