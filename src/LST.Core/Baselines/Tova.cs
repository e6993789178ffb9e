using LST.Core.Caching;
using LST.Core.Baselines.Online;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// TOVA (Oren et al., arXiv 2401.06104): the tokens that the last query of the prompt attends to most, by the mean over all query heads, one set for all heads of a layer.
/// Option: <c>keep-last</c> (false, as its authors' code does; true protects the newest token).
/// One-shot after the prefill, and online: every step the newest query chooses anew. Nothing else is protected, not even sinks; one query speaks for all that come later.
/// </summary>
public sealed class Tova(MethodOptions options) : IScoringCompressor, IOnlineCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("tova", [], "tokens that the last query attends to, one set a layer (arXiv 2401.06104)",
        [new("keep-last", "false", OptionKind.Flag, "the newest token stays in any case")], options => new Tova(options));

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.Statistics;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => BudgetPlan.WithProtected(context, 0);

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        var slots = budget.SlotsByHead[0];
        if (slots >= layer.Tokens) return Selection.Identity(layer);
        using var scope = NewDisposeScope();
        var (_, recent) = Kept(budget);
        var candidates = Row(layer).narrow(0, 0, layer.Tokens - recent).unsqueeze(0);
        return Selection.Same(layer, Selection.TopWithProtected(candidates, layer.Tokens, 0, recent, [slots])[0]);
    }

    /// <inheritdoc/>
    public (int Sinks, int Recent) Kept(LayerBudget budget) => (0, options.Flag("keep-last") ? 1 : 0);

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget) => Row(layer).unsqueeze(0).expand(layer.KeyValueHeads, layer.Tokens);

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) => SlotOrigins.OfKept(layer, made, recent: Kept(budget).Recent);

    /// <inheritdoc/>
    public OnlineNeeds OnlineNeeds => OnlineNeeds.Attention;

    /// <inheritdoc/>
    public IOnlinePlan PlanOnline(OnlineBudget budget) => new EvictionPlan("tova", budget, options.Flag("keep-last") ? 1 : 0);

    /// <inheritdoc/>
    public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start) => EvictingLayer.Begin(start, new LeastAttendedByLast(options.Flag("keep-last")));

    /// <inheritdoc/>
    public void Dispose() { }

    // Mean over all query heads [T].
    private static Tensor Row(LayerContext layer) => layer.RequireStatistics().LastRow.mean([0]);
}
