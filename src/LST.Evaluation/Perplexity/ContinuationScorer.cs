using LST.Core.Caching;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity;

/// <summary>Losses of given ids under a model and whatever its cache still holds.</summary>
public static class ContinuationScorer
{
    /// <summary>
    /// One causal pass of <paramref name="inputs"/> over the cache at its next positions; the loss of target i is taken from input i's logits.
    /// The cache is left as it is.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="cache">What came before, batch 1.</param>
    /// <param name="inputs">S ids.</param>
    /// <param name="targets">S ids, each the successor of its input.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <returns>Negative log-likelihood of each target, nats [S].</returns>
    public static double[] Score(LanguageModel model, KvCache cache, ReadOnlySpan<long> inputs, ReadOnlySpan<long> targets, CancellationToken cancel = default)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var hidden = model.Run(tensor(inputs.ToArray(), 1, inputs.Length).to(model.Device), cache, new SegmentOptions { Append = false, Cancel = cancel });
        return TokenLosses.Of(model, hidden[0], targets);
    }
}
