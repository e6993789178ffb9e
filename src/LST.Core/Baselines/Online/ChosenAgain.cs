using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using static TorchSharp.torch;

namespace LST.Core.Baselines.Online;

/// <summary>Methods that read keys and values alone, while tokens arrive: after every step they choose again among what they kept and what came.</summary>
/// <param name="method">The method; it declares no needs, and its heads hold equally many slots.</param>
/// <param name="start">Model and budget.</param>
internal sealed class ChosenAgain(IKvCompressor method, OnlineStart start) : IEvictionRule
{
    /// <inheritdoc/>
    public OnlineNeeds Needs => OnlineNeeds.None;

    /// <inheritdoc/>
    public int StateBytes => 0;

    /// <inheritdoc/>
    public int[][] Choose(EvictionStep step)
    {
        var heads = step.Slots.KeyValueHeads;
        return [.. Enumerable.Range(0, step.Slots.Batch).SelectMany(b => Chosen(step, b * heads, heads))];
    }

    /// <inheritdoc/>
    public void Dispose() { }

    private int[][] Chosen(EvictionStep step, int first, int heads)
    {
        using var scope = NewDisposeScope();
        var length = step.Length(first);
        Tensor Rows(Tensor packed) => stack([.. Enumerable.Range(first, heads).Select(i => packed.narrow(0, step.Slots.Offsets[i], length))]);
        var slots = step.Budgets[first];
        // Slots stand where tokens of a prompt would: positions of what is made are their numbers.
        var context = new LayerContext { Layer = step.Layer, Config = start.Config, Rotary = start.Rotary, Keys = Rows(step.Slots.Keys), Values = Rows(step.Slots.Values) };
        using var made = method.Compress(context, new LayerBudget(Ratio.Of(Math.Max(1, length), Math.Min(slots, length)), slots, [.. Enumerable.Repeat(slots, heads)]));
        return [.. Enumerable.Range(0, heads).Select(h => made.PositionsOf(h).ToArray())];
    }
}
