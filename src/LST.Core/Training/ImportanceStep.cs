using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>
/// Gradients of the importance network: a Poisson regression exp(s) − c·s on the removal costs c of tokens (<see cref="RemovalCosts"/>), so that s becomes the logarithm of the expected cost.
/// Costs of heads differ by orders of magnitude; each head is measured in the running mean of its own costs.
/// </summary>
/// <param name="model">The frozen model.</param>
/// <param name="sidecar">Its parameters named <c>choice.…</c> are trained.</param>
/// <param name="levels">Running mean cost of each head [L, H_kv] float32, updated in place; 0: none seen.</param>
internal sealed class ImportanceStep(LanguageModel model, SidecarModule sidecar, Tensor levels)
{
    // A few tokens can cost thousands of times the mean; beyond this they teach nothing more.
    private const double LargestCost = 200;

    // exp(s) stays finite while the network is still wrong.
    private const double LargestLog = 12;

    // Memory of the running mean, in sequences.
    private const double Memory = 20;

    /// <summary>Adds one sequence.</summary>
    /// <param name="prepared">The sequence, with its dense keys and values.</param>
    /// <param name="scale">Factor on its loss: 1 / sequences of the step.</param>
    /// <param name="generator">Draws labels; its state moves on.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <returns>The loss, mean over layers, heads and tokens.</returns>
    public double Accumulate(PreparedPrefix prepared, double scale, Generator generator, CancellationToken cancel)
    {
        using var pause = CollectionPause.Begin();
        using var scope = NewDisposeScope();
        using var cache = Dense(prepared);
        var contributions = ContributionGradients.Of(model, cache, prepared.Sequence.Inputs, generator, cancel);
        var total = 0.0;
        for (var l = 0; l < contributions.Count; l++)
        {
            using var layerScope = NewDisposeScope();
            var context = prepared.Context(l, model);
            using var costs = RemovalCosts.Of(contributions[l], context.Keys, context.Values, model.Config.SlidingWindow);
            total += Fit(context, Levelled(l, costs), scale / model.Config.Layers);
        }
        return total / model.Config.Layers;
    }

    private Caching.KvCache Dense(PreparedPrefix prepared)
    {
        var cache = model.NewCache(1, prepared.Sequence.Prefix);
        for (var l = 0; l < model.Config.Layers; l++) cache.Layers[l].Tail.Append(prepared.Layers[l].Keys.unsqueeze(0), prepared.Layers[l].Values.unsqueeze(0));
        cache.Advance(prepared.Sequence.Prefix);
        return cache;
    }

    // Costs in units of their head's running mean.
    private Tensor Levelled(int layer, Tensor costs)
    {
        using var noGradients = no_grad();
        var mean = costs.mean([1]).cpu();
        var level = levels[layer];
        level.copy_(where(level > 0, level + (mean - level) / Memory, mean));
        return (costs / level.clamp_min(1e-30).to(costs.device).unsqueeze(1)).clamp_max_(LargestCost);
    }

    private double Fit(LayerContext context, Tensor costs, double scale)
    {
        using var gradients = enable_grad();
        var s = sidecar.Importance(context.Layer, sidecar.Config.KeySpace == KeySpace.PreRope ? context.PreRopeKeys() : context.Keys, context.Values);
        var loss = (s.clamp_max(LargestLog).exp() - costs * s).mean();
        autograd.backward([loss], [full_like(loss, scale)]);
        return loss.item<float>();
    }
}
