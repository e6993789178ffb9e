using LST.Core.Compression;

namespace LST.Core.Sidecar;

/// <summary>What the slots of a head are made of whose windows become super-tokens: of each super-token the tokens of its window by their pooling weights for keys.</summary>
internal static class WindowOrigins
{
    /// <summary>[H_kv][slots].</summary>
    public static IReadOnlyList<IReadOnlyList<SlotOrigin>> Of(SidecarModule sidecar, LayerContext layer, WindowBatch batch)
    {
        var (weights, longest, m) = (Weights(sidecar, layer, batch), sidecar.Config.LongestWindow, batch.SuperTokens);
        var origins = new IReadOnlyList<SlotOrigin>[batch.Plans.Count];
        for (var h = 0; h < origins.Length; h++)
        {
            if (batch.Plans[h] is not { } plan)
            {
                origins[h] = [.. Kept(0, layer.Tokens, layer.Tokens, 0, 0)];
                continue;
            }
            List<SlotOrigin> head = [.. Kept(0, plan.Sinks, plan.Tokens, plan.Sinks, plan.Recent)];
            var window = batch.HeadOffsets[h];
            foreach (var (first, count) in plan.Windows)
            {
                int[] tokens = [.. Enumerable.Range(first, count)];
                if (plan.IsWide) head.Add(SlotOrigin.Mean(tokens));
                else
                {
                    for (var i = 0; i < m; i++) head.Add(new SlotOrigin(SlotPart.Merged, tokens, weights.AsSpan((window * m + i) * longest, count).ToArray()));
                    window++;
                }
            }
            origins[h] = [.. head, .. Kept(plan.Tokens - plan.Recent, plan.Recent, plan.Tokens, plan.Sinks, plan.Recent)];
        }
        return origins;
    }

    // [N·m·w_max], as the super-tokens were pooled: learned weights, else the window's mean, of m super-tokens each with its own part before the others.
    private static float[] Weights(SidecarModule sidecar, LayerContext layer, WindowBatch batch)
    {
        if (batch.Windows == 0) return [];
        var keys = sidecar.Config.KeySpace == KeySpace.PreRope ? layer.PreRopeKeys() : layer.Keys;
        // Where the mean is taken the network has no say, and need not run.
        var pooled = sidecar.Config.Base == SuperTokenBase.Pooled ? sidecar.Compress(layer.Layer, keys, layer.Values, batch).KeyWeights : null;
        var weights = pooled ?? (batch.Prior is null ? (batch.Inside / batch.Lengths).unsqueeze(1) : (batch.Hidden.unsqueeze(1) + batch.Prior).softmax(-1));
        return weights.cpu().contiguous().data<float>().ToArray();
    }

    private static IEnumerable<SlotOrigin> Kept(int first, int count, int tokens, int sinks, int recent) =>
        Enumerable.Range(first, count).Select(token => SlotOrigin.Of(token, tokens, sinks, recent));
}
