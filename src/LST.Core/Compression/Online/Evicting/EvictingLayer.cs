using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Compression.Online.Evicting;

/// <summary>
/// One layer whose tokens become slots at once and whose heads are brought back to their budget after every step: the step's queries see the cache and
/// themselves, then their attention is noted, then slots leave. A head that held more when its prompt was compressed keeps as many.
/// </summary>
internal sealed class EvictingLayer : IOnlineLayer
{
    private readonly IEvictionRule rule;
    private readonly OnlineBudget budget;
    private readonly int? slidingWindow;
    private readonly int heads;
    private readonly int[] slotsAtStart;
    private readonly long[] seenAtStart, positionsAtStart;
    private readonly List<SlotSums> sums;

    private readonly int layer;

    private EvictingLayer(OnlineStart start, int layer, IEvictionRule rule)
    {
        this.layer = layer;
        (this.rule, budget, slidingWindow, heads) = (rule, start.Budget, start.Config.SlidingWindow, start.Config.KeyValueHeads);
        var prefix = start.Cache.Layers[layer].Prefix;
        slotsAtStart = [.. Enumerable.Range(0, start.Cache.Batch * heads).Select(i => prefix?.Length(i / heads, i % heads) ?? 0)];
        seenAtStart = start.TokensSeen();
        positionsAtStart = start.Cache.NextPositions.ToArray();
        sums = [.. slotsAtStart.Select(_ => new SlotSums())];
        if (Remembers && prefix is not null) Recall(prefix);
        if (prefix is not null) rule.Finish(layer, prefix);
    }

    private bool Remembers => rule.StateBytes > 0;

    /// <inheritdoc/>
    public long Bytes => ((long)rule.StateBytes * sums.Sum(list => (long)list.Length)) + rule.LayerBytes(layer);

    /// <summary>All layers of a cache.</summary>
    public static IReadOnlyList<IOnlineLayer> Begin(OnlineStart start, IEvictionRule rule) =>
        [.. Enumerable.Range(0, start.Config.Layers).Select(layer => new EvictingLayer(start, layer, rule))];

    /// <inheritdoc/>
    public SlotSums? Sums(int sample, int head) => sums[(sample * heads) + head];

    /// <inheritdoc/>
    public long PlannedSlots(int sample, int head, long arrived)
    {
        var atStart = slotsAtStart[(sample * heads) + head];
        return Math.Min(atStart + arrived, Math.Max(atStart, budget.Slots(seenAtStart[sample] + arrived)));
    }

    /// <inheritdoc/>
    public void OnStep(OnlineStep step)
    {
        var tail = step.Cache.Tail;
        if (tail.Length == 0) return;
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var lastRow = rule.Needs.HasFlag(OnlineNeeds.Attention) ? Note(step) : null;
        var prefix = MoveTail(step);
        var arrived = step.Seen.ToArray().Select((position, b) => position - positionsAtStart[b]).ToArray();
        int[] budgets = [.. slotsAtStart.Select((_, i) => (int)PlannedSlots(i / heads, i % heads, arrived[i / heads]))];
        var choice = new EvictionStep(step.Layer, prefix, sums, lastRow, budgets);
        if (Enumerable.Range(0, budgets.Length).Any(i => choice.Excess(i) > 0))
        {
            var kept = rule.Choose(choice);
            prefix.Retain(kept);
            if (Remembers)
                for (var i = 0; i < kept.Length; i++) sums[i].Retain(kept[i]);
        }
        rule.Finish(step.Layer, prefix);
    }

    /// <inheritdoc/>
    public void Dispose() => rule.Dispose();

    // What the prompt's queries gave to the slots that stayed.
    private void Recall(CompressedLayer prefix)
    {
        var state = (prefix.State ?? throw new InvalidOperationException("the method goes on from sums of attention but left none with its slots")).cpu().contiguous();
        var rows = state.Span<float>();
        for (var i = 0; i < sums.Count; i++)
            for (var j = 0; j < slotsAtStart[i]; j++)
            {
                var row = prefix.Offsets[i] + j;
                sums[i].Append(rows[2 * row], rows[(2 * row) + 1]);
            }
    }

    // Adds the step's attention to old slots and begins sums for the new tokens; the last query's row by list.
    private float[][] Note(OnlineStep step)
    {
        var weights = step.RequireAttention().Reduced(rule.Group).cpu().contiguous();           // [B, H_kv, S, slots + tail]
        var (tokens, columns) = ((int)weights.shape[2], (int)weights.shape[3]);
        var (added, tail) = (weights.sum(2).contiguous(), step.Cache.Tail.Length);
        var addedRows = added.Span<float>();
        var rows = weights.Span<float>();
        var longest = columns - tail;
        var last = new float[sums.Count][];
        for (var i = 0; i < sums.Count; i++)
        {
            var (list, length) = (sums[i], step.Cache.Prefix?.Length(i / heads, i % heads) ?? 0);
            var seen = step.Seen.Span[i / heads];
            last[i] = new float[length + tail];
            for (var j = 0; j < length + tail; j++)
            {
                var column = j < length ? j : longest + j - length;
                var position = j < length ? step.Cache.Prefix!.Positions[step.Cache.Prefix.Offsets[i] + j] : seen - tail + j - length;
                last[i][j] = rows[(((i * tokens) + tokens - 1) * columns) + column];
                if (!Remembers) continue;
                if (j >= length) list.Append(0, 0);
                list.Sums[j] += addedRows[(i * columns) + column];
                list.Counts[j] += QueriesThatSee(position, seen, tokens);
            }
        }
        return last;
    }

    private int QueriesThatSee(long position, long seen, int tokens)
    {
        var first = Math.Max(position, seen - tokens);
        var end = slidingWindow is { } window ? Math.Min(seen, position + window) : seen;
        return (int)Math.Max(0, end - first);
    }

    private CompressedLayer MoveTail(OnlineStep step)
    {
        var (tail, count) = (step.Cache.Tail, step.Cache.Tail.Length);
        var (keys, values) = tail.Joined();
        if (step.Cache.Prefix is null) step.Cache.Replace(CompressedLayer.Empty(step.Seen.Length, heads, (int)keys.shape[3], keys.dtype, keys.device));
        var positions = step.Seen.ToArray().Select(seen => Enumerable.Range((int)(seen - count), count).ToArray()).ToArray();
        step.Cache.Prefix!.Append(keys.reshape(-1, count, keys.shape[3]), values.reshape(-1, count, keys.shape[3]), null, positions, [.. Enumerable.Repeat(1f, count)]);
        tail.DropFirst(count);
        return step.Cache.Prefix;
    }
}
