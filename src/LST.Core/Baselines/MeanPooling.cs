using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// Mean pooling: each run of middle tokens becomes the arithmetic mean of its keys and of its values; sinks and recents stay. No paper; the named
/// baseline of learned pooling. Options: <c>sinks</c>, <c>recent</c>, <c>window</c> (tokens of a run; default r under <c>budget=middle</c>, else the smallest
/// that fits), <c>grouping</c> <c>balanced</c> (exactly n slots, sizes differ by at most one) or <c>fixed-window</c> (a leftover stays dense),
/// <c>key-space</c> <c>post-rope</c> (rotated keys are averaged, fast channels shrink) or <c>pre-rope</c> (averaged, then turned to the run's middle),
/// <c>log-mass</c> (bias log of the run's length, so that a run keeps its softmax mass), <c>budget</c> <c>total</c> or <c>middle</c>.
/// The position of a run is ⌊(first + last) / 2⌋. Online, every <c>window</c> (default r) tokens that have left the recent ones are pooled once; grouping and
/// budget have no meaning there. Cannot keep one token of a run apart from its neighbours.
/// </summary>
public sealed class MeanPooling(MethodOptions options) : IOnlineCompressor
{
    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("mean", [], "means of runs of keys and values",
    [
        new("sinks", "4", OptionKind.Slots, "first tokens kept"),
        new("recent", "8", OptionKind.Slots, "last tokens kept"),
        new("window", "", OptionKind.Slots, "tokens of a run (default: r under budget=middle, else the smallest that fits)"),
        new("grouping", "balanced", OptionKind.Choice, "how the middle is cut", "balanced", "fixed-window"),
        new("key-space", "post-rope", OptionKind.Choice, "where keys are averaged", "post-rope", "pre-rope"),
        new("log-mass", "false", OptionKind.Flag, "bias log of the run's length"),
        new("budget", "total", OptionKind.Choice, "whether sinks and recents count in r", "total", "middle"),
    ], options => new MeanPooling(options));

    /// <inheritdoc/>
    public CompressorNeeds Needs => options["key-space"] == "pre-rope" ? CompressorNeeds.PreRopeKeys : CompressorNeeds.None;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context)
    {
        if (context.IsIdentity) return BudgetPlan.Uniform(context, context.Tokens);
        var runs = Runs(context.Tokens, context.Slots, context.Ratio).Count;
        // Under budget=middle and with a window that was asked for, the runs themselves are the budget.
        var hasOwnBudget = options["budget"] == "middle" || !options.IsAutomatic("window");
        return BudgetPlan.Uniform(context, runs) with { SlotsPerHead = hasOwnBudget ? runs : WithKept(context.Tokens, context.Slots, context.Ratio) };
    }

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        if (budget.SlotsByHead[0] >= layer.Tokens) return Selection.Identity(layer);
        using var scope = NewDisposeScope();
        var runs = Runs(layer.Tokens, budget.Slots, budget.Ratio);
        var starts = runs.Select(run => (long)run.First).ToArray();
        var ends = runs.Select(run => (long)run.First + run.Count).ToArray();
        var device = layer.Keys.device;
        var counts = tensor(runs.Select(run => (float)run.Count).ToArray(), runs.Count, 1).to(device);
        var positions = runs.Select(run => run.First + (run.Count - 1) / 2).ToArray();

        var values = RunMeans(layer.Values, starts, ends, counts);
        Tensor keys;
        if (options["key-space"] == "pre-rope")
        {
            var (cos, sin) = layer.Rotary.Tables([.. positions.Select(p => (long)p)]);
            var turned = RotaryEmbedding.Rotate(RunMeans(layer.PreRopeKeys(), starts, ends, counts).to(float32), cos.to(device), sin.to(device)).to(layer.Keys.dtype);
            // Runs of one token keep the cached key itself.
            var single = tensor(runs.Select(run => run.Count == 1).ToArray(), runs.Count, 1).to(device);
            keys = where(single, layer.Keys.index_select(1, tensor(starts, device: device)), turned);
        }
        else keys = RunMeans(layer.Keys, starts, ends, counts);

        var heads = layer.KeyValueHeads;
        var shape = new long[] { (long)heads * runs.Count, layer.Config.HeadDim };
        return new CompressedLayer(1, heads, keys.reshape(shape), values.reshape(shape), [.. Enumerable.Range(0, heads + 1).Select(h => h * runs.Count)],
            [.. Enumerable.Repeat(positions, heads).SelectMany(p => p)],
            options.Flag("log-mass") ? counts.log().squeeze(1).repeat(heads) : null,
            [.. Enumerable.Repeat(runs, heads).SelectMany(r => r).Select(run => (float)run.Count)], positionsShared: true).Detached();
    }

    /// <inheritdoc/>
    public IOnlinePlan PlanOnline(OnlineBudget budget) => OnlinePlan(budget.RequireRatio("mean"));

    /// <inheritdoc/>
    public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start) => WindowedLayer.Begin(start, OnlinePlan(start.Budget.RequireRatio("mean")), new MeanWindows(options, start.Rotary));

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        var (tokens, isIdentity) = (layer.Tokens, budget.SlotsByHead[0] >= layer.Tokens);
        var (sinks, recent) = Kept(tokens, budget.Slots, budget.Ratio);
        var runs = isIdentity ? [.. Singles(0, tokens)] : Runs(tokens, budget.Slots, budget.Ratio);
        SlotOrigin[] head = [.. runs.Select(run => run.Count == 1 ? SlotOrigin.Of(run.First, tokens, sinks, recent) : SlotOrigin.Mean([.. Enumerable.Range(run.First, run.Count)]))];
        return [.. Enumerable.Repeat(head, layer.KeyValueHeads)];
    }

    /// <inheritdoc/>
    public void Dispose() { }

    /// <summary>The runs of T tokens at n slots, sinks and recents as runs of one.</summary>
    internal List<(int First, int Count)> Runs(int tokens, int slots, Ratio ratio)
    {
        var (sinks, recent) = Kept(tokens, slots, ratio);
        var middleBudget = options["budget"] == "middle";
        if (!middleBudget) slots = WithKept(tokens, slots, ratio);
        var middle = tokens - sinks - recent;
        if (middleBudget) slots = sinks + recent + ratio.Slots(middle);
        var between = options["grouping"] == "balanced" && options.IsAutomatic("window")
            ? Balanced(sinks, middle, Math.Max(Math.Min(1, middle), slots - sinks - recent))
            : Fixed(sinks, middle, Window(middle, slots - sinks - recent, slots, ratio));
        return [.. Singles(0, sinks), .. between, .. Singles(tokens - recent, recent)];
    }

    private (int Sinks, int Recent) Kept(int tokens, int slots, Ratio ratio)
    {
        var sinks = Math.Min(options.Slots("sinks", slots, ratio), tokens);
        return (sinks, Math.Min(options.Slots("recent", slots, ratio), tokens - sinks));
    }

    // n by the budget rule: room for what is kept and for one run.
    private int WithKept(int tokens, int slots, Ratio ratio)
    {
        var (sinks, recent) = Kept(tokens, slots, ratio);
        return Math.Min(tokens, Math.Max(slots, sinks + recent + 1));
    }

    private OnlineWindows OnlinePlan(Ratio ratio)
    {
        var window = options.IsAutomatic("window") ? ratio : Ratio.Of(Math.Max(1, options.SlotsWithoutBudget("window", ratio)));
        return new OnlineWindows(window, 1, options.SlotsWithoutBudget("sinks", ratio), options.SlotsWithoutBudget("recent", ratio), 0);
    }

    private int Window(int middle, int slots, int budget, Ratio ratio)
    {
        if (!options.IsAutomatic("window")) return Math.Max(1, options.Slots("window", budget, ratio));
        if (options["budget"] == "middle") return Math.Max(1, (int)Math.Round(ratio.Value));
        var window = 1;
        while (middle / window + middle % window > slots && window < middle) window++;
        return window;
    }

    // Group g of N covers middle tokens ⌊gM/N⌋ … ⌊(g+1)M/N⌋ − 1.
    private static IEnumerable<(int, int)> Balanced(int start, int middle, int groups) => Enumerable.Range(0, groups).Select(g =>
    {
        var (from, to) = ((int)((long)g * middle / groups), (int)((long)(g + 1) * middle / groups));
        return (start + from, to - from);
    });

    private static IEnumerable<(int, int)> Fixed(int start, int middle, int window) =>
        [.. Enumerable.Range(0, middle / window).Select(g => (start + g * window, window)), .. Singles(start + middle / window * window, middle % window)];

    private static IEnumerable<(int, int)> Singles(int start, int count) => Enumerable.Range(start, count).Select(j => (j, 1));

    // Means over [start, end) along dimension 1 by differences of running sums in double; runs of one are copied, not computed.
    internal static Tensor RunMeans(Tensor rows, long[] starts, long[] ends, Tensor counts)
    {
        var device = rows.device;
        var sums = cat([zeros(rows.shape[0], 1, rows.shape[2], float64, device), rows.to(float64).cumsum(1)], 1);
        var means = (sums.index_select(1, tensor(ends, device: device)) - sums.index_select(1, tensor(starts, device: device))) / counts;
        var single = tensor(starts.Zip(ends, (s, e) => e - s == 1).ToArray(), starts.Length, 1).to(device);
        return where(single, rows.index_select(1, tensor(starts, device: device)), means.to(rows.dtype));
    }
}
