using LST.Core.Caching;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Baselines.Online;

/// <summary>
/// StreamingLLM while tokens arrive: slots directly behind the sinks leave. Where positions are slot numbers, the recents keep their rotation and the sinks
/// are turned to the positions directly before them instead: attention sees differences of positions alone, which are those of slot numbers.
/// </summary>
/// <param name="sinks">s.</param>
/// <param name="turning">Frequencies, where positions are slot numbers; else null.</param>
internal sealed class SinksAndRecents(int sinks, RotaryEmbedding? turning) : IEvictionRule
{
    // Pre-RoPE keys of the sinks [H_kv, s, D] float32 by layer and sample.
    private readonly Dictionary<(int Layer, int Sample), Tensor> plainSinks = [];

    /// <inheritdoc/>
    public OnlineNeeds Needs => OnlineNeeds.None;

    /// <inheritdoc/>
    public int StateBytes => 0;

    /// <inheritdoc/>
    public long LayerBytes(int layer) => plainSinks.Where(kept => kept.Key.Layer == layer).Sum(kept => 4 * kept.Value.NumberOfElements);

    /// <inheritdoc/>
    public int[][] Choose(EvictionStep step) => [.. Enumerable.Range(0, step.Budgets.Count).Select(i =>
    {
        var (length, first) = (step.Length(i), Math.Min(sinks, step.Budgets[i]));
        return (int[])[.. Enumerable.Range(0, first), .. Enumerable.Range(first + step.Excess(i), length - first - step.Excess(i))];
    })];

    /// <inheritdoc/>
    public void Finish(int layer, CompressedLayer slots)
    {
        if (turning is null || sinks == 0) return;
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        for (var b = 0; b < slots.Batch; b++)
        {
            var positions = slots.PositionsOf(b * slots.KeyValueHeads);
            if (positions.Length <= sinks) continue;
            var before = positions[sinks] - sinks;
            if (positions[0] == before) continue;
            if (!plainSinks.TryGetValue((layer, b), out var plain))
                plainSinks[(layer, b)] = plain = Turned(FirstKeys(slots, b), [.. positions[..sinks].ToArray().Select(position => -(long)position)]).DetachFromDisposeScope();
            int[] moved = [.. Enumerable.Range(before, sinks)];
            slots.ReplaceFirstKeys(b, Turned(plain, [.. moved.Select(position => (long)position)]), moved);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var keys in plainSinks.Values) keys.Dispose();
        plainSinks.Clear();
    }

    private Tensor FirstKeys(CompressedLayer slots, int sample) => stack([.. Enumerable.Range(0, slots.KeyValueHeads)
        .Select(h => slots.Keys.narrow(0, slots.Offsets[(sample * slots.KeyValueHeads) + h], sinks))]).to(float32);

    private Tensor Turned(Tensor keys, long[] by)
    {
        var (cos, sin) = turning!.Tables(by);
        return RotaryEmbedding.Rotate(keys, cos.to(keys.device), sin.to(keys.device));
    }
}
