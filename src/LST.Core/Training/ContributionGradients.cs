using LST.Core.Attention;
using LST.Core.Caching;
using LST.Core.Losses;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>
/// Gradients of a continuation's log-likelihood with respect to what each query head reads, for labels that the model itself draws: with them (g·Δ)² estimates the divergence that a
/// change Δ of one head's output makes (the Fisher form of its second order). One pass, dense cache.
/// </summary>
internal static class ContributionGradients
{
    /// <summary>For each layer [H_q, S, D] float32, in the current dispose scope.</summary>
    /// <param name="model">The frozen model.</param>
    /// <param name="cache">The dense cache of the prefix; not changed.</param>
    /// <param name="ids">The continuation.</param>
    /// <param name="generator">Draws the labels.</param>
    public static IReadOnlyList<Tensor> Of(LanguageModel model, KvCache cache, ReadOnlySpan<long> ids, Generator generator)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        var usual = model.Attention;
        var recorder = new Recorder(new LibraryAttention());
        try
        {
            model.Attention = recorder;
            var hidden = model.Run(tensor(ids.ToArray(), 1, ids.Length).to(model.Device), cache, new SegmentOptions { Append = false })[0];
            using (no_grad())
            {
                var labels = multinomial(model.Logits(hidden.detach()).to(float32).softmax(-1).cpu(), 1, generator: generator).squeeze(1).to(model.Device);
                using var loss = LanguageModelLoss.Evaluate(hidden.detach(), model.Head, labels, null, ids.Length, 0);
                autograd.backward([hidden], [loss.HiddenGradient]);
            }
        }
        finally
        {
            model.Attention = usual;
        }
        var found = recorder.Added.Select(zero => zero.grad!.detach()[0].to(float32).clone().MoveToOuterDisposeScope()).ToList();
        foreach (var zero in recorder.Added) zero.Dispose();
        return found;
    }

    // Adds zeros that gradients arrive at.
    private sealed class Recorder(ISegmentAttention inner) : ISegmentAttention
    {
        public List<Tensor> Added { get; } = [];

        public string Name => inner.Name;

        public Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask)
        {
            var attended = inner.Attend(queries, keys, values, layer, mask);
            var zero = zeros_like(attended).detach().requires_grad_(true);
            // Outlives the scope of its layer.
            Added.Add(zero.DetachFromDisposeScope());
            return attended + zero;
        }
    }
}
