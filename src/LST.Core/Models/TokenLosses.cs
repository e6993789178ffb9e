using LST.Core.Attention.Cpu;
using static TorchSharp.torch;

namespace LST.Core.Models;

/// <summary>Losses of given ids from final hidden states.</summary>
public static class TokenLosses
{
    /// <summary>Logits that are held at a time, in bytes of float32.</summary>
    private const long LogitBytes = 64L << 20;

    /// <summary>
    /// Negative log-likelihood of each target, nats: log-softmax in float32 over the whole vocabulary, a block of rows at a time. Without gradients.
    /// </summary>
    /// <param name="model">The model; its head is applied here.</param>
    /// <param name="hidden">Hidden states after the final norm [S, M].</param>
    /// <param name="targets">S ids.</param>
    /// <exception cref="ArgumentException">Not one target a row, or a target outside the vocabulary.</exception>
    public static double[] Of(LanguageModel model, Tensor hidden, ReadOnlySpan<long> targets)
    {
        if (hidden.dim() != 2 || hidden.shape[0] != targets.Length) throw new ArgumentException($"hidden: expected [S={targets.Length}, M], got [{string.Join(", ", hidden.shape)}]");
        foreach (var target in targets)
            if (target < 0 || target >= model.Config.VocabularySize) throw new ArgumentException($"target id {target} is outside the vocabulary of {model.Config.VocabularySize}");
        using var noGradients = no_grad();
        var losses = new double[targets.Length];
        var block = (int)Math.Clamp(LogitBytes / (4L * model.Config.VocabularySize), 1, 512);
        for (var start = 0; start < targets.Length; start += block)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(block, targets.Length - start);
            var logits = model.Logits(hidden.narrow(0, start, count));
            if (logits.device.type == TorchSharp.DeviceType.CPU) RowKernels.Losses(model.Pool, logits, targets.Slice(start, count), losses.AsSpan(start, count));
            else ByLibrary(logits.to(float32), targets.Slice(start, count), losses.AsSpan(start, count));
        }
        return losses;
    }

    private static void ByLibrary(Tensor logits, ReadOnlySpan<long> targets, Span<double> losses)
    {
        var wanted = tensor(targets.ToArray(), targets.Length, 1).to(logits.device);
        var nll = (logits.logsumexp(1) - logits.gather(1, wanted).squeeze(1)).cpu();
        var values = nll.data<float>();
        for (var i = 0; i < losses.Length; i++) losses[i] = values[i];
    }
}
