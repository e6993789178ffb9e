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
        var (heads, tokens, headDim) = (layer.KeyValueHeads, layer.Tokens, layer.Config.HeadDim);
        var absent = (long)heads * tokens;
        List<long> rows = [], rest = [], starts = [], ends = [], middles = [];
        List<int> positions = [];
        List<float> counts = [], masses = [];
        var offsets = new int[heads + 1];
        for (var h = 0; h < heads; h++)
        {
            if (plans[h] is not { } plan)
            {
                for (var j = 0; j < tokens; j++) Keep(h, j);
            }
            else
            {
                for (var j = 0; j < plan.Sinks; j++) Keep(h, j);
                var middle = tokens - plan.Sinks - plan.Recent;
                var runs = Math.Min((int)(config.MergedShare * plan.MiddleSlots), plan.MiddleSlots);
                var kept = Selection.Top(importance[h].narrow(0, plan.Sinks, middle).unsqueeze(0), [plan.MiddleSlots - runs])[0];
                Middle(h, plan.Sinks, middle, kept, runs);
                for (var j = tokens - plan.Recent; j < tokens; j++) Keep(h, j);
            }
            offsets[h + 1] = rows.Count;
        }
        var device = layer.Keys.device;
        var (merged, mergedValues) = Means(preRopeKeys, layer.Values, rest, starts, ends, masses, device);
        var (cos, sin) = layer.Rotary.Tables([.. middles]);
        merged = RotaryEmbedding.Rotate(merged, cos.to(device), sin.to(device));
        var index = tensor(rows.ToArray(), device: device);
        Tensor Join(Tensor dense, Tensor made) => cat([dense.reshape(-1, headDim), made.to(dense.dtype)], 0).index_select(0, index);
        var bias = masses.Count == 0 ? null : cat([zeros(absent, float32, device), tensor(masses.ToArray(), device: device).log()], 0).index_select(0, index);
        return new CompressedLayer(1, heads, Join(layer.Keys, merged), Join(layer.Values, mergedValues), offsets, [.. positions], bias, [.. counts]);

        void Keep(int head, int token)
        {
            rows.Add((long)head * tokens + token);
            positions.Add(token);
            counts.Add(1);
        }

        // Kept tokens and the means of the others, ascending by position.
        void Middle(int head, int first, int length, int[] kept, int runs)
        {
            var isKept = new bool[length];
            foreach (var j in kept) isKept[j] = true;
            var others = Enumerable.Range(0, length).Where(j => !isKept[j]).ToArray();
            List<(int Position, long Row, float Count)> slots = [.. kept.Select(j => (first + j, (long)head * tokens + first + j, 1f))];
            for (var g = 0; g < runs; g++)
            {
                var (from, to) = ((int)((long)g * others.Length / runs), (int)((long)(g + 1) * others.Length / runs));
                if (to == from) continue;
                starts.Add(rest.Count + from);
                ends.Add(rest.Count + to);
                var position = first + others[(from + to - 1) / 2];
                middles.Add(position);
                masses.Add(to - from);
                slots.Add((position, absent + masses.Count - 1, to - from));
            }
            if (runs > 0) foreach (var j in others) rest.Add((long)head * tokens + first + j);
            foreach (var (position, row, count) in slots.OrderBy(slot => slot.Position))
            {
                rows.Add(row);
                positions.Add(position);
                counts.Add(count);
            }
        }
    }

    // Means of runs of the merged tokens, by differences of running sums.
    private static (Tensor Keys, Tensor Values) Means(Tensor keys, Tensor values, List<long> rest, List<long> starts, List<long> ends, List<float> masses, Device device)
    {
        var headDim = keys.shape[2];
        if (masses.Count == 0) return (zeros(0, headDim, float32, device), zeros(0, headDim, float32, device));
        var (index, from, to) = (tensor(rest.ToArray(), device: device), tensor(starts.ToArray(), device: device), tensor(ends.ToArray(), device: device));
        var count = tensor(masses.ToArray(), masses.Count, 1, device: device);
        Tensor Of(Tensor dense)
        {
            var sums = cat([zeros(1, headDim, float64, device), dense.reshape(-1, headDim).index_select(0, index).to(float64).cumsum(0)], 0);
            return ((sums.index_select(0, to) - sums.index_select(0, from)) / count).to(float32);
        }
        return (Of(keys), Of(values));
    }
}
