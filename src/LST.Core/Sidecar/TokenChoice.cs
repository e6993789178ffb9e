using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>
/// Keep the most important tokens of the middle exactly and merge the rest, in order, into a few means with their mass: what a head does whose sidecar chooses tokens. Sinks and recents stay.
/// </summary>
internal static class TokenChoice
{
    /// <summary>One compressed layer; belongs to the current dispose scope.</summary>
    /// <param name="config">The sidecar's options.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="preRopeKeys">Keys before rotation [H_kv, T, D].</param>
    /// <param name="plans">Sinks, recents and slots of the middle of each head; null: the head stays as it is.</param>
    /// <param name="importance">[H_kv, T].</param>
    public static CompressedLayer Compress(SidecarConfig config, LayerContext layer, Tensor preRopeKeys, IReadOnlyList<WindowPlan?> plans, Tensor importance)
    {
        var (slots, offsets) = Choose(config, layer, plans, importance);
        var keys = slots.Means(preRopeKeys);
        if (keys is not null)
        {
            var (cos, sin) = layer.Rotary.Tables(slots.MergedPositions());
            keys = RotaryEmbedding.Rotate(keys, cos.to(keys.device), sin.to(keys.device));
        }
        return new CompressedLayer(1, layer.KeyValueHeads, slots.Pack(layer.Keys, keys), slots.Pack(layer.Values, slots.Means(layer.Values)), offsets, slots.Positions, slots.LogMass(layer.Keys.device), slots.Counts);
    }

    /// <summary>What the slots are made of [H_kv][slots]; arguments as those of <see cref="Compress"/>.</summary>
    public static IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(SidecarConfig config, LayerContext layer, IReadOnlyList<WindowPlan?> plans, Tensor importance)
    {
        var (slots, offsets) = Choose(config, layer, plans, importance);
        var origins = new IReadOnlyList<SlotOrigin>[plans.Count];
        for (var h = 0; h < origins.Length; h++) origins[h] = slots.Origins(offsets[h], offsets[h + 1], plans[h]?.Sinks ?? 0, plans[h]?.Recent ?? 0);
        return origins;
    }

    // The slots of all heads, and the first slot of each.
    private static Choice Choose(SidecarConfig config, LayerContext layer, IReadOnlyList<WindowPlan?> plans, Tensor importance)
    {
        var (heads, tokens) = (layer.KeyValueHeads, layer.Tokens);
        var runs = plans.Select(plan => plan is null ? 0 : (int)(config.MergedShare * plan.MiddleSlots)).ToArray();
        var slots = new ChosenSlots(tokens, plans.Sum(plan => plan?.Slots ?? tokens), runs.Sum(), plans.Zip(runs).Sum(head => head.Second == 0 ? 0 : tokens - head.First!.Slots + head.Second));
        var offsets = new int[heads + 1];
        for (var h = 0; h < heads; h++)
        {
            slots.BeginHead(h);
            if (plans[h] is not { } plan) slots.Keep(0, tokens);
            else
            {
                slots.Keep(0, plan.Sinks);
                var middle = tokens - plan.Sinks - plan.Recent;
                slots.Choose(plan.Sinks, middle, Selection.Top(importance[h].narrow(0, plan.Sinks, middle).unsqueeze(0), [plan.MiddleSlots - runs[h]])[0], runs[h]);
                slots.Keep(tokens - plan.Recent, plan.Recent);
            }
            offsets[h + 1] = slots.Count;
        }
        return new Choice(slots, offsets);
    }

    // A tuple cannot hold a ref struct.
    private readonly ref struct Choice(ChosenSlots slots, int[] offsets)
    {
        private readonly ChosenSlots slots = slots;

        public void Deconstruct(out ChosenSlots chosen, out int[] starts)
        {
            chosen = slots;
            starts = offsets;
        }
    }
}
