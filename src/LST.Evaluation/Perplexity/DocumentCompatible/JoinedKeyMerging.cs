using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace LST.Evaluation.Perplexity.DocumentCompatible;

/// <summary>
/// KVMerger as printed: between 4 sinks and 8 recents, neighbours whose joined keys (all heads one vector) have a cosine above 0.8 belong to one set. A set becomes one slot: weights
/// exp(−d² / 2σ²) around its middle token, σ² the mean of d² over the set, that token included. Then the slots are forced to the budget: the last ones are cut off, or slots of zeros are added, which still draw exp(0) of attention each.
/// Of an even set the middle token is the one before the centre; slots of zeros stand behind the merged ones.
/// </summary>
internal sealed class JoinedKeyMerging : IKvCompressor
{
    private const double Threshold = 0.8;

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.None;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => BudgetPlan.Uniform(context, context.Slots);

    /// <inheritdoc/>
    public int NextPosition(PlanContext context, BudgetPlan plan) => plan.SlotsPerHead;

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        var (slots, tokens) = (budget.SlotsByHead[0], layer.Tokens);
        if (slots >= tokens) return Selection.Identity(layer);
        using var scope = NewDisposeScope();
        var sets = Sets(layer, slots);
        var weights = new float[slots * tokens];
        foreach (var (slot, set) in sets.Index())
            foreach (var (token, weight) in set.Tokens.Zip(set.Weights)) weights[slot * tokens + token] = weight;
        var matrix = tensor(weights, slots, tokens).to(layer.Keys.device);
        Tensor Merged(Tensor rows) => matmul(matrix, rows.to(float32)).to(rows.dtype).reshape(layer.KeyValueHeads * slots, -1);
        int[] positions = [.. sets.Select(set => set.Tokens.Count == 0 ? tokens - EqualProtection.Recent - 1 : Middle(set.Tokens))];
        return new CompressedLayer(1, layer.KeyValueHeads, Merged(layer.Keys), Merged(layer.Values), [.. Enumerable.Range(0, layer.KeyValueHeads + 1).Select(h => h * slots)],
            [.. Enumerable.Repeat(positions, layer.KeyValueHeads).SelectMany(p => p)],
            counts: [.. Enumerable.Repeat(sets, layer.KeyValueHeads).SelectMany(s => s).Select(set => (float)set.Tokens.Count)], positionsShared: true).Detached();
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        if (budget.SlotsByHead[0] >= layer.Tokens) return SlotOrigins.OfKept(layer, made);
        using var scope = NewDisposeScope();
        SlotOrigin[] head = [.. Sets(layer, budget.SlotsByHead[0])];
        return [.. Enumerable.Repeat(head, layer.KeyValueHeads)];
    }

    /// <inheritdoc/>
    public void Dispose() { }

    // What each slot is made of; slots of zeros are made of nothing.
    private static List<SlotOrigin> Sets(LayerContext layer, int slots)
    {
        var (sinks, recent, tokens) = (EqualProtection.Sinks, EqualProtection.Recent, layer.Tokens);
        var middle = slots - sinks - recent;
        var joined = JoinedKeys.Of(layer);
        var similar = cosine_similarity(joined.narrow(0, 0, tokens - 1), joined.narrow(0, 1, tokens - 1), dim: -1, eps: 1e-8).cpu().data<float>().ToArray();
        List<List<int>> runs = [];
        for (var token = sinks; token < tokens - recent; token++)
        {
            if (token > sinks && similar[token - 1] > Threshold) runs[^1].Add(token);
            else runs.Add([token]);
        }
        var nothing = new SlotOrigin(SlotPart.Merged, [], []);
        return
        [
            .. Enumerable.Range(0, sinks).Select(Kept), .. runs.Take(middle).Select(run => run.Count == 1 ? Kept(run[0]) : new SlotOrigin(SlotPart.Merged, run, Weights(joined, run))),
            .. Enumerable.Repeat(nothing, Math.Max(0, middle - runs.Count)), .. Enumerable.Range(tokens - recent, recent).Select(Kept),
        ];

        SlotOrigin Kept(int token) => SlotOrigin.Of(token, tokens, sinks, recent);
    }

    private static float[] Weights(Tensor joined, List<int> run)
    {
        using var scope = NewDisposeScope();
        var rows = joined.narrow(0, run[0], run.Count);
        var squares = (rows - joined[Middle(run)]).square().sum(-1).cpu().data<float>().ToArray();
        var variance = squares.Average();
        var kernel = squares.Select(square => variance > 0 ? Math.Exp(-square / (2 * variance)) : 1).ToArray();
        return [.. kernel.Select(g => (float)(g / kernel.Sum()))];
    }

    private static int Middle(IReadOnlyList<int> run) => run[(run.Count - 1) / 2];
}
