using System.Globalization;
using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// PyramidKV (Cai et al., arXiv 2406.02069): the votes of <see cref="SnapKv"/>, with more slots in lower layers: the voted slots decrease linearly from
/// (2 − 1/β)·(n − w) in the first layer to (n − w)/β in the last, w being the observation window, which every layer keeps besides.
/// Options: <c>beta</c> (20, at least 1; 1 is SnapKV) and those of <c>snapkv</c>. The total is exactly L·H_kv·n: fractions go by largest remainder to lower
/// layers first, and every layer has at least one voted slot. Where the first layer would need more than the prompt has, it stays whole and the line is less steep;
/// at n = 1 there is nothing to share. The schedule knows the depth of a layer and nothing of its content; layer 0 sets the peak memory.
/// </summary>
public sealed class PyramidKv(MethodOptions options) : IScoringCompressor
{
    private const double MostBeta = 1e6;

    private readonly SnapKv votes = new(options);

    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("pyramidkv", [], "votes as snapkv, more slots in lower layers (arXiv 2406.02069)",
        [.. SnapKv.Entry.Options, new("beta", "20", OptionKind.Number, "steepness: the last layer has 1/beta of the mean")], Create);

    /// <inheritdoc/>
    public CompressorNeeds Needs => votes.Needs;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context)
    {
        var uniform = votes.Plan(context);
        var budget = uniform.Layers[0];
        var observe = votes.Observe(budget);
        var voted = uniform.SlotsPerHead - observe;
        if (uniform.SlotsPerHead >= context.Tokens || voted < 1) return uniform;
        var slots = PyramidBudgets.Slots(context.Layers, voted, context.Tokens - observe, (decimal)options.Number("beta"));
        return uniform with { Layers = [.. slots.Select(count => budget with { SlotsByHead = [.. Enumerable.Repeat(count + observe, context.KeyValueHeads)] })] };
    }

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => votes.Compress(layer, budget);

    /// <inheritdoc/>
    public (int Sinks, int Recent) Kept(LayerBudget budget) => votes.Kept(budget);

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget) => votes.Scores(layer, budget);

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) => votes.Origins(layer, budget, made);

    /// <inheritdoc/>
    public void Dispose() => votes.Dispose();

    private static PyramidKv Create(MethodOptions options)
    {
        SnapKv.RequireOddKernel("pyramidkv", options);
        if (options.Number("beta") is < 1 or > MostBeta)
            throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"method 'pyramidkv', option beta={options["beta"]}: expected a number from 1 (the same in every layer) to {MostBeta:N0}, so that no layer has more than twice the mean; give e.g. 20"));
        return new PyramidKv(options);
    }
}
