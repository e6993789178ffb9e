using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Compression.Online;

/// <summary>
/// One layer whose complete windows are pooled once they have left the recent tokens. What a window becomes depends on its raw keys and values and on c
/// raw tokens on each side alone, never on how many tokens a step brings. Prompts of a batch bring as many recent tokens into the tail as the one that kept
/// the fewest; further recents of the others stay slots of their own.
/// </summary>
internal sealed class WindowedLayer : IOnlineLayer
{
    private readonly OnlineWindows plan;
    private readonly IWindowPooling pooling;
    private readonly int[] slotsAtStart;
    private readonly int moved, heads;
    private readonly (Tensor Keys, Tensor Values)? left;     // c raw rows before the tail [B, H_kv, c, D]
    private int sinksToCome;
    private long windows;

    private WindowedLayer(OnlineStart start, int layer, OnlineWindows plan, IWindowPooling pooling, int moved, int sinksToCome)
    {
        (this.plan, this.pooling, this.moved, this.sinksToCome, heads) = (plan, pooling, moved, sinksToCome, start.Config.KeyValueHeads);
        var cache = start.Cache.Layers[layer];
        slotsAtStart = [.. Enumerable.Range(0, start.Cache.Batch * heads).Select(i => cache.Prefix?.Length(i / heads, i % heads) ?? 0)];
        SinksWanted = sinksToCome;
        if (plan.Neighbours > 0) left = Left(start, layer);
        if (moved > 0) MoveRecent(start, layer);
    }

    /// <inheritdoc/>
    public long Bytes => left is { } rows ? 2 * rows.Keys.NumberOfElements * rows.Keys.ElementSize : 0;

    private int SinksWanted { get; }

    /// <summary>All layers of a cache. The pooling is disposed with them.</summary>
    public static IReadOnlyList<IOnlineLayer> Begin(OnlineStart start, OnlineWindows plan, IWindowPooling pooling)
    {
        using var noGradients = no_grad();
        // The tail is as long in all heads of all samples: it takes the last tokens that all of them kept, and the sinks that the shortest has yet to see.
        var shortest = (int)start.Cache.NextPositions.ToArray().Min();
        var recent = Math.Min(plan.Recent, Math.Max(0, shortest - plan.Sinks));
        foreach (var layer in start.Cache.Layers)
            for (var b = 0; b < start.Cache.Batch; b++)
                recent = layer.Prefix is null ? 0 : Math.Min(recent, layer.Prefix.TrailingTokens(b, (int)start.Cache.NextPositions[b]));
        return [.. Enumerable.Range(0, start.Config.Layers).Select(l => new WindowedLayer(start, l, plan, pooling, recent, Math.Max(0, plan.Sinks - shortest)))];
    }

    /// <inheritdoc/>
    public long PlannedSlots(int sample, int head, long arrived)
    {
        var made = plan.Complete(moved + arrived - SinksWanted - plan.Recent);
        return slotsAtStart[sample * heads + head] + arrived - plan.End(made) + made * plan.SuperTokens;
    }

    /// <inheritdoc/>
    public void OnStep(OnlineStep step)
    {
        var tail = step.Cache.Tail;
        var done = plan.End(windows);
        var complete = plan.Complete(done + tail.Length - sinksToCome - plan.Recent);
        if (complete <= windows) return;
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        if (step.Cache.Prefix is null)
        {
            var (keys, _) = tail.Blocks[0];
            step.Cache.Replace(CompressedLayer.Empty(step.Seen.Length, heads, (int)keys.shape[3], keys.dtype, keys.device));
        }
        if (sinksToCome > 0) KeepSinks(step);
        var sizes = Enumerable.Range(0, (int)(complete - windows)).Select(g => (int)(plan.End(windows + g + 1) - plan.End(windows + g))).ToArray();
        var total = sizes.Sum();
        var (rowKeys, rowValues) = tail.Joined(0, total + plan.Neighbours);
        if (left is { } before) (rowKeys, rowValues) = (cat([before.Keys, rowKeys], 2), cat([before.Values, rowValues], 2));
        var first = step.Seen.ToArray().Select(seen => seen - tail.Length).ToArray();
        var made = pooling.Pool(new WindowRows(step.Layer, rowKeys, rowValues, first, plan.Neighbours, sizes));
        step.Cache.Prefix!.Append(made.Keys, made.Values, made.Bias, made.Positions, made.Counts);
        Drop(tail, total);
        windows = complete;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        left?.Keys.Dispose();
        left?.Values.Dispose();
        pooling.Dispose();
    }

    // The first tokens become slots of their own.
    private void KeepSinks(OnlineStep step)
    {
        var tail = step.Cache.Tail;
        var (keys, values) = tail.Joined(0, sinksToCome);
        var positions = step.Seen.ToArray().Select(seen => Enumerable.Range((int)(seen - tail.Length), sinksToCome).ToArray()).ToArray();
        step.Cache.Prefix!.Append(keys.reshape(-1, sinksToCome, keys.shape[3]), values.reshape(-1, sinksToCome, keys.shape[3]), null, positions,
            [.. Enumerable.Repeat(1f, sinksToCome)]);
        Drop(tail, sinksToCome);
        sinksToCome = 0;
    }

    // Drops tokens at the front of the tail and keeps the last c raw rows before what remains.
    private void Drop(DenseTail tail, int count)
    {
        if (left is { } rows)
        {
            var taken = Math.Min(plan.Neighbours, count);
            var (keys, values) = tail.Joined(count - taken, taken);
            rows.Keys.copy_(cat([rows.Keys.narrow(2, taken, plan.Neighbours - taken), keys], 2));
            rows.Values.copy_(cat([rows.Values.narrow(2, taken, plan.Neighbours - taken), values], 2));
        }
        tail.DropFirst(count);
    }

    // Zeros where the text has no token; they are never read.
    private (Tensor Keys, Tensor Values) Left(OnlineStart start, int layer)
    {
        using var scope = NewDisposeScope();
        var (tail, c) = (start.Cache.Layers[layer].Tail, plan.Neighbours);
        var keys = tail.NewRows(c);
        var values = tail.NewRows(c);
        for (var b = 0; b < start.Prompts.Count; b++)
        {
            var count = Math.Min(c, start.Prompts[b].Tokens - moved);
            if (count <= 0) continue;
            var raw = start.Prompts[b].Rows(layer, moved, count);
            keys[b].narrow(1, c - count, count).copy_(raw.Keys);
            values[b].narrow(1, c - count, count).copy_(raw.Values);
        }
        return (keys.DetachFromDisposeScope(), values.DetachFromDisposeScope());
    }

    private void MoveRecent(OnlineStart start, int layer)
    {
        using var scope = NewDisposeScope();
        var rows = start.Prompts.Select(prompt => prompt.Rows(layer, 0, moved)).ToList();
        start.Cache.Layers[layer].Tail.Append(stack([.. rows.Select(row => row.Keys)]), stack([.. rows.Select(row => row.Values)]));
        start.Cache.Layers[layer].Prefix!.DropLast(moved);
    }
}
