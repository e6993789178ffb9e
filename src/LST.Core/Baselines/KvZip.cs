using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// KVzip (Kim et al., arXiv 2505.23416): the model is asked to repeat its context; a key's score is the largest attention that any repeating query
/// of its group gives it (softmax over sinks, the repeated chunk's original keys and the repeat input). Query-agnostic; the best L·H_kv·n keys
/// of all layers and heads stay, so that heads differ in length.
/// Options: <c>sinks</c> (kept in any case), <c>chunk</c> tokens repeated at a time, <c>layerwise</c> (budget H_kv·n within each layer).
/// Costs one more pass over the prompt against the full cache. Cannot score what the model itself cannot copy.
/// </summary>
public sealed class KvZip(MethodOptions options) : IScoringCompressor
{
    private Tensor? scores;                     // [L, H_kv, T] float32

    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("kvzip", [], "keys that repeating the context needs (arXiv 2505.23416)",
    [
        new("sinks", "4", OptionKind.Slots, "first tokens kept"),
        new("chunk", "2048", OptionKind.Slots, "tokens repeated at a time"),
        new("layerwise", "false", OptionKind.Flag, "the same total in every layer"),
    ], options => new KvZip(options));

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.ModelPasses;

    /// <summary>The words around a repeated chunk, as ids; null: taken from the tokenizer in <see cref="Prepare"/>.</summary>
    public KvZipPrompt? Prompt { get; set; }

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget) => Prepared[layer.Layer];

    private Tensor Prepared => scores ?? throw new InvalidOperationException("KVzip has no scores before Prepare");

    /// <inheritdoc/>
    public void Prepare(IModelAccess model)
    {
        scores?.Dispose();
        using var scope = NewDisposeScope();
        var prompt = Prompt ?? KvZipPrompt.From(model.Tokenizer);
        var ids = model.PromptIds.Span;
        var config = model.Config;
        var chunk = Math.Max(1, options.Slots("chunk", ids.Length, Ratio.One));
        var all = zeros(config.Layers, config.KeyValueHeads, ids.Length, float32, model.Keys(0).device);
        for (var start = 0; start < ids.Length; start += chunk)
        {
            var count = Math.Min(chunk, ids.Length - start);
            var repeat = prompt.Repeat(ids, start, count);
            var sinks = start == 0 ? 0 : Math.Min(options.Slots("sinks", ids.Length, Ratio.One), start);
            model.RunBehindPrompt(repeat, (layer, queries, keys) =>
                all[layer].narrow(1, start, count).copy_(ChunkScores(queries, model.Keys(layer), keys, sinks, start, count)));
        }
        scores = all.DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context)
    {
        var uniform = PlanOfLayers(context);
        if (context.IsIdentity) return uniform;
        var slots = uniform.Layers[0].SlotsByHead[0];
        var layers = options.Flag("layerwise")
            ? Enumerable.Range(0, context.Layers).SelectMany(l => HeadCounts(l, 1, context, slots))
            : HeadCounts(0, context.Layers, context, slots);
        var counts = layers.ToArray();
        return new BudgetPlan(slots, [.. Enumerable.Range(0, context.Layers).Select(l =>
            new LayerBudget(context.Ratio, context.Slots, counts[(l * context.KeyValueHeads)..((l + 1) * context.KeyValueHeads)]))]);
    }

    /// <inheritdoc/>
    public BudgetPlan PlanOfLayers(PlanContext context) => BudgetPlan.WithProtected(context, Sinks(context.Slots, context.Ratio));

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => Selection.Best(this, layer, budget);

    /// <inheritdoc/>
    public (int Sinks, int Recent) Kept(LayerBudget budget) => (Sinks(budget.Slots, budget.Ratio), 0);

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) => SlotOrigins.OfKept(layer, made, Sinks(budget.Slots, budget.Ratio));

    /// <inheritdoc/>
    public void Dispose() => scores?.Dispose();

    private int Sinks(int slots, Ratio ratio) => options.Slots("sinks", slots, ratio);

    // How many of the best count·H_kv·n keys each head of a range of layers holds: its sinks, and one in any case.
    private IEnumerable<int> HeadCounts(int firstLayer, int count, PlanContext context, int slots)
    {
        using var scope = NewDisposeScope();
        var sinks = Math.Min(Sinks(context.Slots, context.Ratio), context.Tokens);
        var forced = Prepared.narrow(0, firstLayer, count).reshape(-1, context.Tokens).clone();
        forced.narrow(1, 0, sinks).fill_(float.PositiveInfinity);
        return HeadShares.Best(forced, count * context.KeyValueHeads * slots, Math.Max(1, sinks)).Select(head => head.Length);
    }

    // Largest attention on the chunk's original keys over all repeat queries and the group's heads: [H_kv, count].
    private static Tensor ChunkScores(Tensor queries, Tensor promptKeys, Tensor repeatKeys, int sinks, int start, int count)
    {
        // So few that a block's attention over thousands of keys stays in the cache.
        const int queryBlock = 64;
        var (heads, tokens, headDim) = (repeatKeys.shape[0], queries.shape[1], queries.shape[2]);
        var group = queries.shape[0] / heads;
        var keys = cat([promptKeys.narrow(1, 0, sinks), promptKeys.narrow(1, start, count), repeatKeys], 1).to(float32).transpose(1, 2);
        var best = zeros(heads, count, float32, queries.device);
        for (var first = 0L; first < tokens; first += queryBlock)
        {
            using var scope = NewDisposeScope();
            var block = Math.Min(queryBlock, tokens - first);
            var q = (queries.narrow(1, first, block).to(float32) * (1.0 / Math.Sqrt(headDim))).reshape(heads, group * block, headDim);
            var seen = sinks + count + first + block;
            var logits = bmm(q, keys.narrow(2, 0, seen)).view(heads, group, block, seen);
            logits.narrow(3, seen - block, block).add_(full(block, block, float.NegativeInfinity, float32, queries.device).triu(1));
            var attention = logits.softmax(-1).narrow(3, sinks, count).amax([1, 2]);
            best.copy_(maximum(best, attention));
        }
        return best;
    }
}
