using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// The control row of every table: sinks, recents, and a random choice of the tokens between, drawn anew for every layer and head.
/// The draw is a hash of (seed, layer, head, token): independent of order, batch and thread. A method that does not beat it has learned nothing about content.
/// Options: <c>sinks</c>, <c>recent</c> (tokens), <c>seed</c>.
/// </summary>
public sealed class RandomSelection(MethodOptions options) : IKvCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("random", [], "random tokens between sinks and recents: the control",
    [
        new("sinks", "4", OptionKind.Slots, "first tokens kept"),
        new("recent", "8", OptionKind.Slots, "last tokens kept"),
        new("seed", "", OptionKind.Whole, "seed of the draw (default: the run's seed)"),
    ], options => new RandomSelection(options));

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.None;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) =>
        BudgetPlan.WithProtected(context, options.Slots("sinks", context.Slots, context.Ratio) + options.Slots("recent", context.Slots, context.Ratio));

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        var slots = budget.SlotsByHead[0];
        if (slots >= layer.Tokens) return Selection.Identity(layer);
        var (sinks, recent) = Protected.Clamp(options.Slots("sinks", budget.Slots, budget.Ratio), options.Slots("recent", budget.Slots, budget.Ratio), slots);
        var middle = layer.Tokens - sinks - recent;
        var scores = new float[layer.KeyValueHeads * middle];
        for (var h = 0; h < layer.KeyValueHeads; h++)
            for (var j = 0; j < middle; j++)
                scores[h * middle + j] = TokenDraw.Whole(options.Whole("seed"), layer.Layer, h, j + sinks);
        using var drawn = tensor(scores, layer.KeyValueHeads, middle);
        return Selection.Gather(layer, Selection.TopWithProtected(drawn, layer.Tokens, sinks, recent, budget.SlotsByHead));
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        var (sinks, recent) = Protected.Clamp(options.Slots("sinks", budget.Slots, budget.Ratio), options.Slots("recent", budget.Slots, budget.Ratio), budget.SlotsByHead[0]);
        return SlotOrigins.OfKept(layer, made, sinks, recent);
    }

    /// <inheritdoc/>
    public void Dispose() { }
}
