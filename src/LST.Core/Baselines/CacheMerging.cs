using LST.Core.Caching;
using LST.Core.Baselines.Online;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// CaM, cache merging (Zhang et al., ICML 2024): of a token that another rule evicts, the value is added in equal parts to the next tokens, with a probability
/// that follows from its accumulated attention; its key is dropped.
/// Options: <c>base</c> <c>streaming</c> (sinks and the last n − s tokens stay; tokens are evicted in order and what they were given goes on with them) or
/// <c>h2o</c> (heavy hitters and recents stay; the receivers are kept tokens), <c>targets</c> m that receive (fewer at the end), <c>denominator</c> <c>mean</c> or
/// <c>max</c> of their accumulated attention, <c>sampling</c> <c>bernoulli</c> (drawn for every layer, head and token) or <c>expectation</c> (the probability itself is
/// the share), <c>sinks</c> (4; 0 for h2o), <c>recent</c> tokens (n − sinks; n/2 for h2o), <c>seed</c>.
/// One-shot after the prefill, on the sums of the prompt's own queries; online the sums go on with every step, and values are added as tokens leave. Not convex: values grow with what is added, the more the higher the ratio, and may
/// then be worse than plain eviction. Every slot stands for its own token: what is added is spread over several.
/// </summary>
public sealed class CacheMerging : IScoringCompressor, IOnlineCompressor
{
    private readonly MethodOptions options;
    private readonly bool isStreaming;

    /// <summary>With resolved options.</summary>
    public CacheMerging(MethodOptions options)
    {
        this.options = options;
        isStreaming = options["base"] == "streaming";
        var seed = options.Whole("seed");
        Uniform = (layer, head, token) => TokenDraw.Uniform(seed, layer, head, token);
    }

    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("cam", [], "values of evicted tokens added to the next ones (CaM, ICML 2024)",
    [
        new("base", "streaming", OptionKind.Choice, "which tokens are evicted", "streaming", "h2o"),
        new("targets", "16", OptionKind.Slots, "tokens that share an evicted value"),
        new("denominator", "mean", OptionKind.Choice, "what an evicted token's attention is divided by", "mean", "max"),
        new("sampling", "bernoulli", OptionKind.Choice, "drawn, or weighted by the probability", "bernoulli", "expectation"),
        new("sinks", "", OptionKind.Slots, "first tokens kept (default: 4, under base=h2o 0)"),
        new("recent", "", OptionKind.Slots, "last tokens kept (default: n - sinks, under base=h2o n/2)"),
        new("seed", "", OptionKind.Whole, "seed of the draw (default: the run's seed)"),
    ], options => new CacheMerging(options));

    /// <summary>The number in [0, 1) of (layer, head, token); a token is merged where it lies below its probability. By default a hash of these and the seed.</summary>
    public Func<int, int, int, float> Uniform { get; set; }

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.Statistics;

    /// <inheritdoc/>
    public bool IsSelection => false;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context)
    {
        var (sinks, recent) = Asked(context.Slots, context.Ratio);
        // Sinks and recents are all that the streaming base keeps: it needs no slot beyond them.
        return BudgetPlan.WithProtected(context, sinks + recent - (isStreaming ? 1 : 0));
    }

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        using var scope = NewDisposeScope();
        var sums = Scores(layer, budget);
        if (budget.SlotsByHead.All(slots => slots >= layer.Tokens)) return AttentionSums.Remember(Selection.Identity(layer), layer, sums);
        var (kept, merge) = Merge(layer, budget);
        return AttentionSums.Remember(ValueMerge.Compress(layer, kept, merge), layer, sums);
    }

    /// <inheritdoc/>
    public (int Sinks, int Recent) Kept(LayerBudget budget)
    {
        var slots = budget.SlotsByHead.Min();
        var (sinks, recent) = Asked(budget.Slots, budget.Ratio);
        return Protected.Clamp(sinks, isStreaming ? slots : recent, slots);
    }

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget)
    {
        var statistics = layer.RequireStatistics();
        return statistics.ReduceGroups(statistics.ColumnSums);
    }

    /// <summary>Probability with which each token's value is merged [H_kv][T]; 0 for tokens that stay.</summary>
    public IReadOnlyList<float[]> MergeProbabilities(LayerContext layer, LayerBudget budget)
    {
        using var scope = NewDisposeScope();
        var (kept, sums) = Chosen(layer, budget);
        return [.. kept.Select((head, h) =>
        {
            var dropped = Selection.Dropped(head, layer.Tokens);
            var all = new float[layer.Tokens];
            var probabilities = Probabilities(layer, budget, Row(sums, h), head, dropped);
            for (var i = 0; i < dropped.Length; i++) all[dropped[i]] = probabilities[i];
            return all;
        })];
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        if (budget.SlotsByHead.All(slots => slots >= layer.Tokens)) return SlotOrigins.OfKept(layer, made);
        using var scope = NewDisposeScope();
        var (sinks, recent) = Kept(budget);
        var (kept, merge) = Merge(layer, budget);
        return ValueMerge.Origins(layer, kept, merge, sinks, recent);
    }

    /// <inheritdoc/>
    public OnlineNeeds OnlineNeeds => OnlineNeeds.Attention;

    /// <inheritdoc/>
    public IOnlinePlan PlanOnline(OnlineBudget budget) => new EvictionPlan(budget);

    /// <inheritdoc/>
    public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start)
    {
        var ratio = start.Budget.RatioOrOne;
        IEvictionRule rule = isStreaming ? new SinksAndRecents(Asked(start.Budget.Least, ratio).Sinks, null) : new LeastAttended(slots => Asked(slots, ratio), GroupReduction.Mean, false);
        return EvictingLayer.Begin(start, new AddedValues(rule, this, options, ratio));
    }

    /// <inheritdoc/>
    public void Dispose() { }

    private (int Sinks, int Recent) Asked(int slots, Ratio ratio)
    {
        var sinks = options.IsAutomatic("sinks") ? (isStreaming ? 4 : 0) : options.Slots("sinks", slots, ratio);
        var recent = options.IsAutomatic("recent") ? (isStreaming ? slots - sinks : slots / 2) : options.Slots("recent", slots, ratio);
        return (sinks, isStreaming ? Math.Max(1, recent) : recent);
    }

    private (int[][] Kept, HeadMerge Merge) Merge(LayerContext layer, LayerBudget budget)
    {
        var (kept, sums) = Chosen(layer, budget);
        return (kept, (head, rows, width) =>
        {
            var dropped = Selection.Dropped(kept[head], layer.Tokens);
            var gates = Probabilities(layer, budget, Row(sums, head), kept[head], dropped);
            if (options["sampling"] == "bernoulli")
                for (var i = 0; i < gates.Length; i++) gates[i] = Uniform(layer.Layer, head, dropped[i]) < gates[i] ? 1 : 0;
            ValueAddition.Add(rows, width, dropped, Receivers(kept[head], layer.Tokens), Targets(budget), gates);
        });
    }

    // Kept tokens, and accumulated attention [H_kv, T] on the CPU.
    private (int[][] Kept, Tensor Sums) Chosen(LayerContext layer, LayerBudget budget)
    {
        var sums = Scores(layer, budget);
        var (sinks, recent) = Kept(budget);
        var middle = sums.narrow(1, sinks, layer.Tokens - sinks - recent);
        return (Selection.TopWithProtected(middle, layer.Tokens, sinks, recent, budget.SlotsByHead), sums.cpu().contiguous());
    }

    private float[] Probabilities(LayerContext layer, LayerBudget budget, ReadOnlySpan<float> accumulated, int[] kept, int[] dropped)
    {
        var probabilities = new float[dropped.Length];
        ValueAddition.Probabilities(accumulated, dropped, Receivers(kept, layer.Tokens), Targets(budget), options["denominator"] == "max", probabilities);
        return probabilities;
    }

    private int Targets(LayerBudget budget) => options.Slots("targets", budget.Slots, budget.Ratio);

    private int[] Receivers(int[] kept, int tokens) => isStreaming ? [.. Enumerable.Range(0, tokens)] : kept;

    private static ReadOnlySpan<float> Row(Tensor all, int head) => all.Span<float>().Slice(head * (int)all.shape[1], (int)all.shape[1]);
}
