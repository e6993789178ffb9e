using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// Attention Matching (Zweiger et al., arXiv 2602.16284): per layer and KV head n keys of the prompt are kept, and in closed form each gets a weight w, so that attention mass
/// is what it was (bias log w), and a new value, so that attention outputs are. Probes q stand for the queries to come; with E = exp(QKᵀ/√D − rowmax), y = E·1 and S the kept keys:
/// min ‖E_S w − y‖² within bounds, then min ‖softmax(QK_Sᵀ/√D + log w) C − softmax(QKᵀ/√D) V‖². Every probe sees every key.
/// Options: <c>selection</c> <c>rms</c> (largest root mean square attention) or <c>omp</c> (greedily the key that explains most of the missing mass), <c>probes</c>
/// (<see cref="MatchingProbes"/>), <c>weight-min</c>, <c>weight-max</c> (bounds of w; e⁻³ to e³, <c>omp</c> 1e-12 to e⁷), <c>drop-below</c> (keys of a smaller weight are dropped after the fit, so that a head may hold
/// fewer slots than planned; none, <c>omp</c> e⁻⁷), <c>gradient-steps</c> (projected steps after the clamped least squares), <c>ridge</c> (added to the normal equations of columns of unit length;
/// 1e-12), <c>seed</c> (of drawn probes). <c>probes=repeat</c> costs a second pass over the prompt.
/// Fits what the probes ask: queries unlike them may find anything, and <c>prefix</c> asks of keys that lie ahead, at distances that no later query has; <c>repeat</c> does not. Values are no token's own. Knows no sliding window, head budgets or queries of already compacted lower layers.
/// </summary>
/// <param name="options">Resolved options.</param>
public abstract class AttentionMatching(MethodOptions options) : IKvCompressor
{
    private readonly MatchingProbes probes = new(options["probes"], options.Whole("seed"));

    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("attention-matching", ["matching"], "keys with fitted weights and values (arXiv 2602.16284)",
    [
        new("selection", "rms", OptionKind.Choice, "how keys are chosen", "rms", "omp"),
        new("probes", "prefix", OptionKind.Choice, "queries that are matched", "prefix", "isotropic", "gaussian", "repeat"),
        new("weight-min", "", OptionKind.Number, "smallest weight of a slot (default: e^-3, omp 1e-12)"),
        new("weight-max", "", OptionKind.Number, "largest weight of a slot (default: e^3, omp e^7)"),
        new("drop-below", "", OptionKind.Number, "weight below which a key is dropped (default: none, omp e^-7)", "none"),
        new("gradient-steps", "2", OptionKind.Whole, "projected gradient steps after the clamped least squares"),
        new("ridge", "", OptionKind.Number, "added to the normal equations of columns of unit length (default: 1e-12)"),
        new("seed", "", OptionKind.Whole, "seed of drawn probes (default: the run's seed)"),
    ], Create);

    /// <inheritdoc/>
    public CompressorNeeds Needs => probes.Needs;

    /// <summary>The words around what the model repeats for <c>probes=repeat</c>, as ids; null: taken from the tokenizer in <see cref="Prepare"/>.</summary>
    public KvZipPrompt? Prompt { get; set; }

    /// <summary>Weights below it are dropped; null: none.</summary>
    private double? DropBelow => options["drop-below"] == "none" ? null : options.IsAutomatic("drop-below") ? DefaultDropBelow : options.Number("drop-below");

    private protected MatchingFit Fit => new(Bound("weight-min", DefaultWeights.Min), Bound("weight-max", DefaultWeights.Max), options.Whole("gradient-steps"), options.IsAutomatic("ridge") ? 1e-12 : options.Number("ridge"));

    private protected abstract (double Min, double Max) DefaultWeights { get; }

    private protected abstract double? DefaultDropBelow { get; }

    /// <inheritdoc/>
    public void Prepare(IModelAccess model)
    {
        if (Needs.HasFlag(CompressorNeeds.ModelPasses)) probes.Repeat(model, Prompt ?? KvZipPrompt.From(model.Tokenizer, "attention-matching"));
    }

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context)
    {
        var plan = BudgetPlan.Uniform(context, context.Slots);
        return DropBelow is null || context.IsIdentity ? plan : plan with { Layers = [.. plan.Layers.Select(layer => layer with { Rule = BudgetRule.AtMost })] };
    }

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        if (budget.SlotsByHead.All(slots => slots >= layer.Tokens)) return Selection.Identity(layer);
        using var scope = NewDisposeScope();
        var queries = probes.Of(layer);
        var heads = Enumerable.Range(0, layer.KeyValueHeads).Select(h => Match(new MatchingTarget(queries[h], layer.Keys[h], layer.Values[h]), budget.SlotsByHead[h])).ToList();
        var own = Selection.Gather(layer, [.. heads.Select(head => head.Kept)]);
        own.Values.Dispose();
        return new CompressedLayer(1, heads.Count, own.Keys, cat([.. heads.Select(head => head.Values)]).to(layer.Values.dtype), own.Offsets.ToArray(), own.Positions.ToArray(),
            cat([.. heads.Select(head => head.Bias)]), positionsShared: own.PositionsShared).Detached();
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        if (budget.SlotsByHead.All(slots => slots >= layer.Tokens)) return SlotOrigins.OfKept(layer, made);
        IReadOnlyList<SlotOrigin> Head(int h) => [.. made.Positions.Slice(made.Offsets[h], made.Length(0, h)).ToArray().Select(token => new SlotOrigin(SlotPart.Merged, [token], [1]))];
        return [.. Enumerable.Range(0, made.KeyValueHeads).Select(Head)];
    }

    /// <inheritdoc/>
    public void Dispose() => probes.Dispose();

    /// <summary>Root mean square attention of all probes on each key [H_kv, T] float32, in the current dispose scope.</summary>
    private protected Tensor RootMeanSquares(LayerContext layer)
    {
        var queries = probes.Of(layer);
        return stack([.. Enumerable.Range(0, layer.KeyValueHeads).Select(h => new MatchingTarget(queries[h], layer.Keys[h], layer.Values[h]).RootMeanSquares.to(float32))]);
    }

    /// <summary>The keys to keep, ascending.</summary>
    private protected abstract int[] Select(MatchingTarget target, int slots);

    private (int[] Kept, Tensor Bias, Tensor Values) Match(MatchingTarget target, int slots)
    {
        using var scope = NewDisposeScope();
        var fit = Fit;
        var kept = Select(target, slots);
        var weights = fit.Weights(target.Exponentials(kept), target.Mass);
        if (DropBelow is { } limit && MatchingFit.Heavy(weights, limit) is { } heavy && heavy.Length < kept.Length)
        {
            kept = [.. heavy.Select(i => kept[i])];
            weights = weights.index_select(0, tensor(heavy.Select(i => (long)i).ToArray(), device: weights.device));
        }
        var bias = weights.log();
        var values = fit.Values(target.Attention(kept, bias), target.Outputs);
        return (kept, bias.to(float32).MoveToOuterDisposeScope(), values.MoveToOuterDisposeScope());
    }

    private double Bound(string key, double automatic) => options.IsAutomatic(key) ? automatic : options.Number(key);

    private static AttentionMatching Create(MethodOptions options)
    {
        AttentionMatching made = options["selection"] == "omp" ? new PursuitMatching(options) : new RankedMatching(options);
        var (least, most) = (made.Fit.Least, made.Fit.Most);
        if (least <= 0 || least > most)
            throw new UsageException(FormattableString.Invariant($"method 'attention-matching', options weight-min, weight-max: the smallest weight is above 0 and not above the largest, got {least} and {most}; give e.g. weight-min=0.05:weight-max=20"));
        return made;
    }
}
