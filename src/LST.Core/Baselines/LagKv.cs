using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// LagKV (Liang et al., arXiv 2504.04704): no attention at all. Behind the sinks the prompt is cut into lags; the keys of a lag are scaled, channel by channel, by the range of the
/// next lag's, and the spread of a token's scaled channels (unbiased standard deviation, softmax over the lag's tokens) says how much it stands out; the same for values.
/// A token's score is its rank in its own lag by the mean of both, so that every lag keeps the same share. The last whole lag has nothing to be compared with: it and what follows are ranked
/// above all, newer tokens first. Options: <c>sinks</c> (kept in any case), <c>lag</c> (tokens, at least 2).
/// Prompts of less than two lags behind the sinks, and budgets that the last lags fill, keep recent tokens alone. Channels without a range in the next lag say nothing.
/// </summary>
public sealed class LagKv(MethodOptions options) : IScoringCompressor
{
    // Distance from 1 to the next float.
    private const float Step = 1f / (1 << 23);

    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("lagkv", [], "tokens that stand out from the next lag of the prompt (arXiv 2504.04704)",
    [
        new("sinks", "4", OptionKind.Slots, "first tokens kept"),
        new("lag", "128", OptionKind.Slots, "tokens compared at a time"),
    ], Create);

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.None;

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context) => BudgetPlan.WithProtected(context, Sinks(context.Slots, context.Ratio));

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => Selection.Best(this, layer, budget);

    /// <inheritdoc/>
    public (int Sinks, int Recent) Kept(LayerBudget budget) => (Math.Min(Sinks(budget.Slots, budget.Ratio), budget.SlotsByHead.Min()), 0);

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget)
    {
        var sinks = Math.Min(Sinks(budget.Slots, budget.Ratio), layer.Tokens);
        var lag = Math.Max(2, options.Slots("lag", budget.Slots, budget.Ratio));
        var lags = (layer.Tokens - sinks) / lag;
        var ranked = Math.Max(0, lags - 1) * lag;
        // Ones, as far as ranks are concerned; their last bits put newer tokens first.
        var rest = arange(layer.Tokens - sinks - ranked, float32, layer.Keys.device) * Step + 1;
        var newest = rest.unsqueeze(0).expand(layer.KeyValueHeads, -1);
        var first = ones(layer.KeyValueHeads, sinks, float32, layer.Keys.device);
        return ranked == 0 ? cat([first, newest], 1) : cat([first, Ranks(layer, sinks, lags, lag), newest], 1);
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) => SlotOrigins.OfKept(layer, made, Kept(budget).Sinks);

    /// <inheritdoc/>
    public void Dispose() { }

    private static LagKv Create(MethodOptions options)
    {
        if (options.Slots("lag", 1000, Ratio.Of(2)) < 2)
            throw new UsageException($"method 'lagkv', option lag={options["lag"]}: tokens are ranked within a lag, so it has at least 2; give e.g. 128");
        return new LagKv(options);
    }

    private int Sinks(int slots, Ratio ratio) => options.Slots("sinks", slots, ratio);

    // [H_kv, (lags − 1)·lag]: rank from below in the own lag, divided by its length; of equal ones the lower index is the better.
    private static Tensor Ranks(LayerContext layer, int sinks, int lags, int lag)
    {
        var salience = (Salience(layer.Keys) + Salience(layer.Values)) / 2;
        var places = salience.sort(-1, descending: true, stable: true).Indices.argsort(-1);
        return ((lag - 1 - places).to(float32) / lag).view(layer.KeyValueHeads, -1);

        // [H_kv, lags − 1, lag].
        Tensor Salience(Tensor states)
        {
            var cut = states.narrow(1, sinks, lags * lag).to(float32).reshape(states.shape[0], lags, lag, states.shape[2]);
            var (own, next) = (cut.narrow(1, 0, lags - 1), cut.narrow(1, 1, lags - 1));
            var least = next.amin([2], keepdim: true);
            var range = next.amax([2], keepdim: true) - least;
            var scaled = where(range > 0, (own - least) / range, zeros(1, device: states.device));
            return scaled.std(-1, unbiased: true).softmax(-1);
        }
    }
}
