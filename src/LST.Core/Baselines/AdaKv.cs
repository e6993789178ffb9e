using System.Text.Json.Nodes;
using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// AdaKV (Feng et al., arXiv 2407.11550): the heads of a layer share its H_kv·n slots, so that heads whose scores are high get more. Over any method that scores tokens:
/// what the scorer keeps in any case stays in every head, the best max(1, ⌊α·n⌋) tokens of each head are safe (those that stay anyway count), and the best scores of all heads fill the rest.
/// Options: <c>scorer</c> (the name of a method that scores), <c>alpha</c> α in [0, 1] (1 is the scorer itself), and the scorer's own options.
/// A scorer's budgets over layers are kept (<c>pyramidkv</c>), its budgets over heads are not (<c>kvzip</c>). Tokens are kept as they are: what a scorer merges or fits besides is left out.
/// Compares scores of different heads as they are; where their scales differ for other reasons than need, the louder head wins.
/// </summary>
public sealed class AdaKv(IScoringCompressor scorer, decimal alpha) : IScoringCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("adakv", [], "heads of a layer share its slots by a scorer's scores (arXiv 2407.11550)",
    [
        new("scorer", "snapkv", OptionKind.Scorer, "the method whose scores decide"),
        new("alpha", "0.2", OptionKind.Number, "share of n that is each head's own"),
    ], Create);

    /// <summary>The method whose scores decide.</summary>
    public IScoringCompressor Scorer => scorer;

    /// <inheritdoc/>
    public CompressorNeeds Needs => scorer.Needs;

    /// <inheritdoc/>
    public long Parameters(Ratio ratio) => scorer.Parameters(ratio);

    /// <inheritdoc/>
    public void Attach(ModelTarget model) => scorer.Attach(model);

    /// <inheritdoc/>
    public string? Missing(Ratio ratio) => scorer.Missing(ratio);

    /// <inheritdoc/>
    public JsonObject? Details(Ratio ratio) => scorer.Details(ratio);

    /// <inheritdoc/>
    public void Prepare(IModelAccess model) => scorer.Prepare(model);

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context)
    {
        var plan = scorer.PlanOfLayers(context);
        return plan with { Layers = [.. plan.Layers.Select(layer => layer with { Rule = BudgetRule.WholeLayer })] };
    }

    /// <inheritdoc/>
    public int NextPosition(PlanContext context, BudgetPlan plan) => scorer.NextPosition(context, plan);

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        if (budget.Total >= layer.KeyValueHeads * layer.Tokens) return Selection.Identity(layer);
        using var scope = NewDisposeScope();
        var (sinks, recent) = Kept(budget);
        var middle = Scores(layer, budget).narrow(1, sinks, layer.Tokens - sinks - recent);
        Tensor InAnyCase(int tokens) => full(layer.KeyValueHeads, tokens, float.PositiveInfinity, float32, middle.device);
        var slots = budget.SlotsByHead[0];
        var safe = Math.Max(1, (int)decimal.Floor(alpha * slots));
        return Selection.Gather(layer, HeadShares.Best(cat([InAnyCase(sinks), middle, InAnyCase(recent)], 1), budget.Total, Math.Max(safe, sinks + recent)));
    }

    /// <inheritdoc/>
    public (int Sinks, int Recent) Kept(LayerBudget budget) => scorer.Kept(budget);

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget) => scorer.Scores(layer, budget);

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        var (sinks, recent) = Kept(budget);
        return SlotOrigins.OfKept(layer, made, sinks, recent);
    }

    /// <inheritdoc/>
    public void Dispose() => scorer.Dispose();

    private static AdaKv Create(MethodOptions options)
    {
        var alpha = options.Number("alpha");
        if (alpha > 1) throw new UsageException($"method 'adakv', option alpha={options["alpha"]}: a head cannot own more than its n slots; give a share from 0 to 1, e.g. 0.2");
        return new AdaKv(Scorers.Create(options["scorer"], options), (decimal)alpha);
    }
}
