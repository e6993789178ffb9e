using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Compression;

/// <summary>
/// Choosing and gathering tokens. "Top-k" everywhere means: float32 scores, descending, ties to the lower index, result ascending by position.
/// </summary>
public static class Selection
{
    /// <summary>Indices of the k largest scores of each row, ascending.</summary>
    /// <param name="scores">[rows, T].</param>
    /// <param name="counts">k of each row.</param>
    public static int[][] Top(Tensor scores, IReadOnlyList<int> counts)
    {
        using var scope = NewDisposeScope();
        // torch.topk leaves the order of ties open; a stable sort does not.
        var order = scores.to(float32).sort(-1, descending: true, stable: true).Indices.cpu().contiguous();
        var tokens = (int)order.shape[1];
        var indices = order.Span<long>();
        var rows = new int[counts.Count][];
        for (var row = 0; row < rows.Length; row++)
        {
            var kept = rows[row] = new int[Math.Min(counts[row], tokens)];
            for (var i = 0; i < kept.Length; i++) kept[i] = (int)indices[row * tokens + i];
            Array.Sort(kept);
        }
        return rows;
    }

    /// <summary>
    /// Keeps the first <paramref name="sinks"/> and last <paramref name="recent"/> tokens and the best of the middle, so that every head has its slots.
    /// </summary>
    /// <param name="middleScores">[H_kv, T − sinks − recent], scores of the tokens between.</param>
    /// <param name="tokens">T.</param>
    /// <param name="sinks">First tokens kept in any case.</param>
    /// <param name="recent">Last tokens kept in any case.</param>
    /// <param name="slotsByHead">[H_kv], sinks and recents included.</param>
    public static int[][] TopWithProtected(Tensor middleScores, int tokens, int sinks, int recent, IReadOnlyList<int> slotsByHead)
    {
        var winners = Top(middleScores, [.. slotsByHead.Select(slots => Math.Max(0, slots - sinks - recent))]);
        return [.. winners.Select(head => (int[])[.. Enumerable.Range(0, sinks), .. head.Select(j => j + sinks), .. Enumerable.Range(tokens - recent, recent)])];
    }

    /// <summary>Keeps the tokens of every head that a method scores best, and those that it keeps in any case. Scores are computed only where something is to be dropped.</summary>
    /// <param name="method">The method.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="budget">Slots of each head.</param>
    public static CompressedLayer Best(IScoringCompressor method, LayerContext layer, LayerBudget budget)
    {
        if (budget.SlotsByHead.All(slots => slots >= layer.Tokens)) return Identity(layer);
        using var scope = NewDisposeScope();
        var (sinks, recent) = method.Kept(budget);
        var middle = method.Scores(layer, budget).narrow(1, sinks, layer.Tokens - sinks - recent);
        return Gather(layer, TopWithProtected(middle, layer.Tokens, sinks, recent, budget.SlotsByHead));
    }

    /// <summary>Copies the kept tokens of every head into packed storage at their true positions.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="kept">[H_kv][slots], ascending indices of tokens.</param>
    /// <param name="values">[H_kv, T, D] that slots take instead of the layer's values, of any type and device; null: the layer's.</param>
    /// <param name="counts">Tokens that each slot stands for, head after head; null: one each.</param>
    public static CompressedLayer Gather(LayerContext layer, IReadOnlyList<int[]> kept, Tensor? values = null, float[]? counts = null)
    {
        using var scope = NewDisposeScope();
        var tokens = layer.Tokens;
        var rows = kept.SelectMany((head, h) => head.Select(j => (long)h * tokens + j)).ToArray();
        var offsets = new int[kept.Count + 1];
        for (var h = 0; h < kept.Count; h++) offsets[h + 1] = offsets[h] + kept[h].Length;
        var index = tensor(rows, device: layer.Keys.device);
        var shape = new long[] { kept.Count * tokens, layer.Keys.shape[2] };
        return new CompressedLayer(1, kept.Count,
            layer.Keys.reshape(shape).index_select(0, index), (values ?? layer.Values).to(layer.Values.dtype).to(layer.Values.device).reshape(shape).index_select(0, index),
            offsets, [.. kept.SelectMany(head => head)], counts: counts, positionsShared: kept.All(head => head.AsSpan().SequenceEqual(kept[0]))).Detached();
    }

    /// <summary>The tokens of a head that are not kept, ascending.</summary>
    /// <param name="kept">Kept tokens, ascending.</param>
    /// <param name="tokens">T.</param>
    internal static int[] Dropped(ReadOnlySpan<int> kept, int tokens)
    {
        var dropped = new int[tokens - kept.Length];
        var (found, slot) = (0, 0);
        for (var j = 0; j < tokens; j++)
        {
            if (slot < kept.Length && kept[slot] == j) slot++;
            else dropped[found++] = j;
        }
        return dropped;
    }

    /// <summary>The layer as it is, packed: what ratio 1 and prompts below the budget get, bit for bit.</summary>
    public static CompressedLayer Identity(LayerContext layer) => Same(layer, [.. Enumerable.Range(0, layer.Tokens)]);

    /// <summary>The same tokens in every head.</summary>
    public static CompressedLayer Same(LayerContext layer, int[] kept) => Gather(layer, [.. Enumerable.Repeat(kept, layer.KeyValueHeads)]);
}
