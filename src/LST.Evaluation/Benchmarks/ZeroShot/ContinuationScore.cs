using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>How likely a continuation is.</summary>
/// <param name="TokenLogProbs">Natural logarithm of each id's probability given all before it, in order.</param>
/// <param name="IsGreedy">Whether each id is the most likely one at its place.</param>
public sealed record ContinuationScore(IReadOnlyList<double> TokenLogProbs, bool IsGreedy)
{
    /// <summary>Sum of the logarithms, nats.</summary>
    public double LogLikelihood { get; } = TokenLogProbs.Sum();
}

/// <summary>Logarithms of probabilities from final hidden states: log-softmax in float32 over the whole vocabulary.</summary>
internal static class TokenLogProbs
{
    /// <summary>Logits that are held at a time, in bytes of float32.</summary>
    private const long LogitBytes = 64L << 20;

    /// <summary>The logarithm of each target's probability, and whether it is the first largest.</summary>
    /// <param name="model">The model; its head is applied here.</param>
    /// <param name="hidden">Hidden states after the final norm [S, M].</param>
    /// <param name="targets">S ids.</param>
    public static (double[] LogProbs, bool[] IsLargest) Of(LanguageModel model, Tensor hidden, ReadOnlySpan<long> targets)
    {
        if (hidden.dim() != 2 || hidden.shape[0] != targets.Length) throw new ArgumentException($"hidden: expected [S={targets.Length}, M], got [{string.Join(", ", hidden.shape)}]");
        using var noGradients = no_grad();
        var (logProbs, isLargest) = (new double[targets.Length], new bool[targets.Length]);
        var block = (int)Math.Clamp(LogitBytes / (4L * model.Config.VocabularySize), 1, 512);
        for (var start = 0; start < targets.Length; start += block)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(block, targets.Length - start);
            var logits = model.Logits(hidden.narrow(0, start, count)).to(float32);                                   // [S, V]
            var wanted = tensor(targets.Slice(start, count).ToArray(), count, 1).to(logits.device);
            var found = (logits.gather(1, wanted).squeeze(1) - logits.logsumexp(1)).cpu().data<float>();
            var largest = logits.argmax(1).cpu().data<long>();
            for (var i = 0; i < count; i++) (logProbs[start + i], isLargest[start + i]) = (found[i], largest[i] == targets[start + i]);
        }
        return (logProbs, isLargest);
    }
}
