using LST.Core.Caching;
using LST.Core.Baselines.Online;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// StreamingLLM (Xiao et al., arXiv 2309.17453): the first s tokens (attention sinks) and the last n − s.
/// Options: <c>sinks</c> s in tokens; <c>positions</c> <c>original</c> (kept keys keep their rotation, the next token stands at T) or
/// <c>cache-index</c> (keys turned to 0 … n−1, the next token stands at n, as the official code does).
/// Online the oldest token behind the sinks leaves as one comes; under <c>cache-index</c> the sinks are turned along, so that they directly precede the recents.
/// Cannot recall anything from the middle, whatever the query.
/// </summary>
public sealed class StreamingLlm(MethodOptions options) : IOnlineCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("streaming", ["streamingllm"], "attention sinks and the most recent tokens (arXiv 2309.17453)",
    [
        new("sinks", "4", OptionKind.Slots, "first tokens kept"),
        new("positions", "original", OptionKind.Choice, "rotation of kept keys", "original", "cache-index"),
    ], options => new StreamingLlm(options));

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.None;

    private bool CacheIndex => options["positions"] == "cache-index";

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => BudgetPlan.WithProtected(context, options.Slots("sinks", context.Slots, context.Ratio));

    /// <inheritdoc/>
    public int NextPosition(PlanContext context, BudgetPlan plan) => CacheIndex ? plan.Layers[0].SlotsByHead[0] : context.Tokens;

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        var (sinks, recent) = Kept(layer, budget);
        int[] kept = [.. Enumerable.Range(0, sinks), .. Enumerable.Range(layer.Tokens - recent, recent)];
        var selected = Selection.Same(layer, kept);
        return CacheIndex && kept.Length < layer.Tokens ? Reindexed(selected, layer, kept) : selected;
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        // Positions are slot numbers where keys are turned to them.
        var (sinks, recent) = Kept(layer, budget);
        SlotOrigin[] head = [.. Enumerable.Range(0, sinks).Concat(Enumerable.Range(layer.Tokens - recent, recent)).Select(token => SlotOrigin.Of(token, layer.Tokens, sinks, recent))];
        return [.. Enumerable.Repeat(head, layer.KeyValueHeads)];
    }

    /// <inheritdoc/>
    public IOnlinePlan PlanOnline(OnlineBudget budget) => new EvictionPlan("streaming", budget, options.SlotsWithoutBudget("sinks", budget.RatioOrOne));

    /// <inheritdoc/>
    public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start) =>
        EvictingLayer.Begin(start, new SinksAndRecents(options.SlotsWithoutBudget("sinks", start.Budget.RatioOrOne), CacheIndex ? start.Rotary : null));

    /// <inheritdoc/>
    public void Dispose() { }

    private (int Sinks, int Recent) Kept(LayerContext layer, LayerBudget budget)
    {
        var slots = Math.Min(budget.SlotsByHead[0], layer.Tokens);
        var sinks = Math.Min(options.Slots("sinks", budget.Slots, budget.Ratio), slots);
        return (sinks, slots - sinks);
    }

    // Every key is turned by (slot − position); the same turn in all heads.
    private static CompressedLayer Reindexed(CompressedLayer selected, LayerContext layer, int[] kept)
    {
        using var scope = NewDisposeScope();
        var (cos, sin) = layer.Rotary.Tables([.. kept.Select((position, slot) => (long)slot - position)]);
        var shape = new long[] { layer.KeyValueHeads, kept.Length, layer.Config.HeadDim };
        var keys = RotaryEmbedding.Rotate(selected.Keys.view(shape).to(float32), cos.to(selected.Keys.device), sin.to(selected.Keys.device));
        var turned = new CompressedLayer(1, layer.KeyValueHeads, keys.to(selected.Keys.dtype).view(selected.Keys.shape), selected.Values.alias(),
            selected.Offsets.ToArray(), [.. Enumerable.Repeat(Enumerable.Range(0, kept.Length), layer.KeyValueHeads).SelectMany(p => p)], positionsShared: true).Detached();
        selected.Dispose();
        return turned;
    }
}
