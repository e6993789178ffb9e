using LST.Core.Attention;
using LST.Core.Caching;
using LST.Core.Losses;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>What one layer's attention read and made of a continuation.</summary>
/// <param name="Queries">Post-RoPE [H_q, S, D].</param>
/// <param name="Keys">The continuation's own post-RoPE keys [H_kv, S, D].</param>
/// <param name="Values">Its own values [H_kv, S, D].</param>
/// <param name="Gradients">Of −Σ_t log p(label t) with respect to what each query head reads [H_q, S, D] float32.</param>
internal sealed record LayerContribution(Tensor Queries, Tensor Keys, Tensor Values, Tensor Gradients);

/// <summary>
/// Gradients of a continuation's log-likelihood with respect to what each query head reads, for labels that the model itself draws: with them (g·Δ)² estimates the divergence that a
/// change Δ of one head's output makes (the Fisher form of its second order). The log-likelihood is the sum over all labels: a change at one position is felt at all that follow.
/// One pass, dense cache.
/// </summary>
internal static class ContributionGradients
{
    /// <summary>One entry a layer, in the current dispose scope.</summary>
    /// <param name="model">The frozen model.</param>
    /// <param name="cache">The dense cache of the prefix, one sample; not changed.</param>
    /// <param name="ids">The continuation.</param>
    /// <param name="generator">Draws the labels.</param>
    /// <param name="cancel">Ends it between layers.</param>
    public static IReadOnlyList<LayerContribution> Of(LanguageModel model, KvCache cache, ReadOnlySpan<long> ids, Generator generator, CancellationToken cancel = default)
    {
        using var pause = CollectionPause.Begin();
        using var scope = NewDisposeScope();
        using var recorder = new Recorder(new LibraryAttention());
        var usual = model.Attention;
        try
        {
            model.Attention = recorder;
            using var gradients = enable_grad();
            var hidden = model.Run(tensor(ids.ToArray(), 1, ids.Length).to(model.Device), cache, new SegmentOptions { Append = false, Cancel = cancel })[0];
            using var noGradients = no_grad();
            var labels = multinomial(model.Logits(hidden.detach()).to(float32).softmax(-1).cpu(), 1, generator: generator).squeeze(1).to(model.Device);
            using var loss = LanguageModelLoss.Evaluate(hidden.detach(), model.Head, labels, null, ids.Length, 0);
            autograd.backward([hidden], [loss.HiddenGradient]);
        }
        finally
        {
            model.Attention = usual;
        }
        return [.. recorder.Layers.Select(layer => new LayerContribution(layer.Queries.alias().MoveToOuterDisposeScope(), layer.Keys.alias().MoveToOuterDisposeScope(),
            layer.Values.alias().MoveToOuterDisposeScope(), layer.Gradients.grad![0].to(float32).clone().MoveToOuterDisposeScope()))];
    }

    // Adds zeros that gradients arrive at, and keeps what was attended with.
    private sealed class Recorder(ISegmentAttention inner) : ISegmentAttention, IDisposable
    {
        /// <summary>With the zeros in place of their gradients. They outlive the dispose scope of their layer.</summary>
        public List<LayerContribution> Layers { get; } = [];

        public string Name => inner.Name;

        public Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask)
        {
            var attended = inner.Attend(queries, keys, values, layer, mask);
            var zero = zeros_like(attended).detach().requires_grad_(true);
            Tensor Kept(Tensor tensor) => tensor.detach()[0].DetachFromDisposeScope();
            Layers.Add(new LayerContribution(Kept(queries), Kept(keys), Kept(values), zero.DetachFromDisposeScope()));
            return attended + zero;
        }

        public void Dispose()
        {
            foreach (var layer in Layers)
                foreach (var kept in new[] { layer.Queries, layer.Keys, layer.Values, layer.Gradients }) kept.Dispose();
        }
    }
}
