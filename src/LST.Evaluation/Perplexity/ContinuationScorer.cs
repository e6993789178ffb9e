using LST.Core.Caching;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity;

/// <summary>Losses of given ids under a model and whatever its cache still holds.</summary>
public static class ContinuationScorer
{
    /// <summary>Rows of logits that are held at a time, in bytes.</summary>
    private const long LogitBytes = 32L << 20;

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
        return Losses(model, hidden[0], targets);
    }

    /// <summary>Losses from final hidden states [S, M]: log-softmax in float32 over the whole vocabulary, a block of rows at a time.</summary>
    public static double[] Losses(LanguageModel model, Tensor hidden, ReadOnlySpan<long> targets)
    {
        var losses = new double[targets.Length];
        var block = (int)Math.Clamp(LogitBytes / (4L * model.Config.VocabularySize), 1, 512);
        for (var start = 0; start < targets.Length; start += block)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(block, targets.Length - start);
            var logits = model.Logits(hidden.narrow(0, start, count)).to(float32);
            var wanted = tensor(targets.Slice(start, count).ToArray(), count, 1).to(model.Device);
            var nll = (logits.logsumexp(1) - logits.gather(1, wanted).squeeze(1)).cpu();
            var values = nll.data<float>();
            for (var i = 0; i < count; i++) losses[start + i] = values[i];
        }
        return losses;
    }
}
