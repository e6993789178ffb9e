using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using static TorchSharp.torch;

namespace LST.Core.Baselines.Online;

/// <summary>
/// CaM while tokens arrive: the values of slots that another rule gives up go in equal parts to the next slots, drawn or weighted by their accumulated
/// attention, this step's included. Under the streaming rule slots leave in order and pass on what they were given; under H2O's the receivers are slots that stay.
/// </summary>
/// <param name="rule">Which slots leave.</param>
/// <param name="method">CaM's options and draws.</param>
/// <param name="options">Options of the method.</param>
/// <param name="ratio">r, for options that are expressions of it.</param>
internal sealed class AddedValues(IEvictionRule rule, CacheMerging method, MethodOptions options, Ratio ratio) : IEvictionRule
{
    private readonly bool isCascade = options["base"] == "streaming";

    /// <inheritdoc/>
    public OnlineNeeds Needs => OnlineNeeds.Attention;

    /// <inheritdoc/>
    public int StateBytes => 4;

    /// <inheritdoc/>
    public int[][] Choose(EvictionStep step)
    {
        var kept = rule.Choose(step);
        for (var i = 0; i < kept.Length; i++)
        {
            if (step.Excess(i) == 0) continue;
            using var scope = NewDisposeScope();
            var (length, targets) = (step.Length(i), options.Slots("targets", step.Budgets[i], ratio));
            var dropped = Selection.Dropped(kept[i], length);
            var receivers = isCascade ? [.. Enumerable.Range(0, length)] : kept[i];
            var gates = new float[dropped.Length];
            ValueAddition.Probabilities(step.Sums[i].Sums, dropped, receivers, targets, options["denominator"] == "max", gates);
            if (options["sampling"] == "bernoulli")
                for (var e = 0; e < gates.Length; e++)
                    gates[e] = method.Uniform(step.Layer, i % step.Slots.KeyValueHeads, step.Slots.PositionsOf(i)[dropped[e]]) < gates[e] ? 1 : 0;
            step.Slots.ChangeValues(i, (rows, width) => ValueAddition.Add(rows, width, dropped, receivers, targets, gates));
        }
        return kept;
    }

    /// <inheritdoc/>
    public void Finish(int layer, CompressedLayer slots) => rule.Finish(layer, slots);

    /// <inheritdoc/>
    public void Dispose() => rule.Dispose();
}
