using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// KVMerger (Wang et al., arXiv 2407.08454): runs of neighbouring tokens with similar keys become one token, weighted by a Gaussian kernel around the most attended
/// token of the run, whose position the slot takes; per KV head. Sinks, recents and the most attended tokens are not merged. The authors published no code.
/// Options: <c>mode</c> <c>budget-matched</c> (the T − n most similar pairs of neighbours are joined, so that every head holds exactly n slots; where protection
/// leaves too few pairs, heavy tokens are released, the weakest first, then the oldest recents, at last the limit of a run) or <c>paper</c> (pairs of cosine
/// <c>epsilon</c> and more are joined, whatever n is: heads differ in length, and the effective ratio is what comes out), <c>sinks</c>, <c>recent</c> and <c>heavy</c> tokens
/// (by default 17 % and 12 % of T up to 2:1, 8 % and 2 % beyond; in budget-matched together with the sinks at most n/2), <c>sigma</c> of the kernel in units of keys or
/// <c>mean-square</c> (from the run's own distances; 5 in paper), <c>max-run</c> most tokens of a run or <c>none</c> (64; none in paper), <c>log-mass</c> (bias log of
/// the run's length). One-shot after the prefill. A long run may join ends that are unlike each other, and the cosine does not see norms.
/// </summary>
public sealed class KvMerger(MethodOptions options) : IKvCompressor
{
    private readonly bool isMatched = options["mode"] == "budget-matched";

    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("kvmerger", [], "runs of similar neighbours merged around their most attended token (arXiv 2407.08454)",
    [
        new("mode", "budget-matched", OptionKind.Choice, "exactly n slots, or a fixed threshold", "budget-matched", "paper"),
        new("sinks", "4", OptionKind.Slots, "first tokens kept"),
        new("recent", "", OptionKind.Slots, "last tokens kept (default: a share of T)"),
        new("heavy", "", OptionKind.Slots, "most attended tokens kept (default: a share of T)"),
        new("epsilon", "0.75", OptionKind.Number, "least cosine of neighbours that are merged, under mode=paper"),
        new("sigma", "", OptionKind.Number, "width of the kernel (default: mean-square, under mode=paper 5)", "mean-square"),
        new("max-run", "", OptionKind.Slots, "most tokens of a run (default: 64, under mode=paper none)", "none"),
        new("log-mass", "false", OptionKind.Flag, "bias log of the run's length"),
    ], options => new KvMerger(options));

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.Statistics;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context)
    {
        var (sinks, recent, _) = Protection(context.Tokens, context.Slots, context.Ratio);
        if (isMatched) return BudgetPlan.WithProtected(context, sinks + recent);
        var plan = BudgetPlan.Uniform(context, context.Slots);
        return plan with { Layers = [.. plan.Layers.Select(layer => layer with { Rule = BudgetRule.Open })] };
    }

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        if (IsIdentity(layer, budget)) return Selection.Identity(layer);
        using var scope = NewDisposeScope();
        var (heads, tokens, width) = (layer.KeyValueHeads, layer.Tokens, (int)layer.Keys.shape[2]);
        var merged = Runs(layer, budget);
        var offsets = new int[heads + 1];
        for (var h = 0; h < heads; h++) offsets[h + 1] = offsets[h] + merged[h].Count;
        Tensor Rows(Tensor of)
        {
            var (dense, rows) = (Plain(of), empty(offsets[^1], width, float32));
            for (var h = 0; h < heads; h++)
            {
                var source = dense.Span<float>().Slice(h * tokens * width, tokens * width);
                var target = rows.Span<float>()[(offsets[h] * width)..];
                for (var i = 0; i < merged[h].Count; i++)
                {
                    var (run, _, weights) = merged[h][i];
                    if (run.Count == 1) source.Slice(run.First * width, width).CopyTo(target[(i * width)..]);
                    else PivotMerge.Sum(target.Slice(i * width, width), source, run, weights);
                }
            }
            return rows.to(of.dtype).to(of.device);
        }
        int[][] positions = [.. merged.Select(head => head.Select(slot => slot.Pivot).ToArray())];
        float[] counts = [.. merged.SelectMany(head => head.Select(slot => (float)slot.Run.Count))];
        return new CompressedLayer(1, heads, Rows(layer.Keys), Rows(layer.Values), offsets, [.. positions.SelectMany(head => head)],
            options.Flag("log-mass") ? tensor(counts).log().to(layer.Keys.device) : null, counts, positions.All(head => head.AsSpan().SequenceEqual(positions[0]))).Detached();
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        if (IsIdentity(layer, budget)) return SlotOrigins.OfKept(layer, made);
        using var scope = NewDisposeScope();
        var (sinks, recent, _) = Protection(layer.Tokens, budget.Slots, budget.Ratio);
        return [.. Runs(layer, budget).Select(head => (SlotOrigin[])[.. head.Select(slot => slot.Run.Count == 1
            ? SlotOrigin.Of(slot.Run.First, layer.Tokens, sinks, recent)
            : new SlotOrigin(SlotPart.Merged, [.. Enumerable.Range(slot.Run.First, slot.Run.Count)], slot.Weights))])];
    }

    /// <inheritdoc/>
    public void Dispose() { }

    /// <summary>s, R and the number of heavy tokens for T tokens and n slots.</summary>
    internal (int Sinks, int Recent, int Heavy) Protection(int tokens, int slots, Ratio ratio)
    {
        var sinks = options.Slots("sinks", slots, ratio);
        var (recentShare, heavyShare) = ratio.CompareTo(Ratio.Of(2)) <= 0 ? (17, 12) : (8, 2);
        var (recent, heavy) = (Share(recentShare), Share(heavyShare));
        var (ownRecent, ownHeavy) = (!options.IsAutomatic("recent"), !options.IsAutomatic("heavy"));
        if (ownRecent) recent = options.Slots("recent", slots, ratio);
        if (ownHeavy) heavy = options.Slots("heavy", slots, ratio);
        var most = Math.Max(0, (slots / 2) - sinks);
        if (isMatched && recent + (long)heavy > most)
        {
            // What was written stays; what was not gives way.
            if (!ownRecent) recent = ownHeavy ? Math.Clamp(most - heavy, 0, recent) : (int)((long)recent * most / (recent + heavy));
            if (!ownHeavy) heavy = Math.Max(0, ownRecent ? Math.Min(heavy, most - recent) : most - recent);
        }
        return (sinks, recent, heavy);

        // Rounded half up.
        int Share(int percent) => (int)(((long)percent * tokens + 50) / 100);
    }

    private bool IsIdentity(LayerContext layer, LayerBudget budget) => (isMatched ? budget.SlotsByHead.Min() : budget.Slots) >= layer.Tokens;

    // What every slot of every head is made of.
    private List<((int First, int Count) Run, int Pivot, float[] Weights)>[] Runs(LayerContext layer, LayerBudget budget)
    {
        var (heads, tokens, width) = (layer.KeyValueHeads, layer.Tokens, (int)layer.Keys.shape[2]);
        var statistics = layer.RequireStatistics();
        var (keys, sums) = (Plain(layer.Keys), Plain(statistics.ReduceGroups(statistics.ColumnSums)));
        var wide = layer.Keys.to(float32);
        var cosines = nn.functional.cosine_similarity(wide.narrow(1, 0, tokens - 1), wide.narrow(1, 1, tokens - 1), dim: -1, eps: 1e-8);    // [H_kv, T − 1]
        var (sorted, order) = cosines.sort(-1, descending: true, stable: true);
        var (similar, edges) = (Plain(sorted), order.cpu().contiguous());
        double? sigma = options["sigma"] switch { "mean-square" => null, "" => isMatched ? null : 5, _ => options.Number("sigma") };
        var made = new List<((int First, int Count) Run, int Pivot, float[] Weights)>[heads];
        for (var h = 0; h < heads; h++)
        {
            var own = edges.Span<long>().Slice(h * (tokens - 1), tokens - 1);
            var ranked = new int[tokens - 1];
            for (var i = 0; i < ranked.Length; i++) ranked[i] = (int)own[i];
            var accumulated = sums.Span<float>().Slice(h * tokens, tokens);
            var rows = keys.Span<float>().Slice(h * tokens * width, tokens * width);
            var joined = Joined(ranked, similar.Span<float>().Slice(h * (tokens - 1), tokens - 1), accumulated, budget, h);
            made[h] = [];
            foreach (var run in NeighbourRuns.Of(joined))
            {
                var pivot = PivotMerge.Pivot(accumulated, run);
                made[h].Add((run, pivot, run.Count == 1 ? [1] : PivotMerge.Weights(rows, width, run, pivot, sigma)));
            }
        }
        return made;
    }

    // Edges of one head that join tokens [T − 1].
    private bool[] Joined(ReadOnlySpan<int> edges, ReadOnlySpan<float> cosines, ReadOnlySpan<float> accumulated, LayerBudget budget, int head)
    {
        var (tokens, joined) = (accumulated.Length, new bool[edges.Length]);
        var protection = new RunProtection(accumulated, Protection(tokens, budget.Slots, budget.Ratio));
        var longest = options["max-run"] switch { "none" => tokens, "" => isMatched ? 64 : tokens, _ => Math.Max(1, options.Slots("max-run", budget.Slots, budget.Ratio)) };
        if (!isMatched)
        {
            var epsilon = options.Number("epsilon");
            var similar = 0;
            while (similar < cosines.Length && cosines[similar] >= epsilon) similar++;
            NeighbourRuns.Join(edges[..similar], protection.Tokens, tokens, longest, joined);
            return joined;
        }
        var wanted = tokens - budget.SlotsByHead[head];
        while (NeighbourRuns.Join(edges, protection.Tokens, wanted, longest, joined) < wanted)
        {
            if (protection.Release()) continue;
            if (longest == tokens) throw new CompressionException($"method 'kvmerger': {tokens} tokens cannot become {tokens - wanted} slots beside the sinks that stay; give fewer sinks or a smaller ratio");
            // No protection is left to give: n slots are more binding than the limit of a run.
            (longest, protection) = (tokens, new RunProtection(accumulated, Protection(tokens, budget.Slots, budget.Ratio)));
        }
        return joined;
    }

    private static Tensor Plain(Tensor tensor) => tensor.to(float32).cpu().contiguous();
}
