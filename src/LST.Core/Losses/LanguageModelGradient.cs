using static TorchSharp.torch;

namespace LST.Core.Losses;

/// <summary>Losses of a segment and what they send back to its hidden states. Owns the gradient.</summary>
public sealed class LanguageModelGradient : IDisposable
{
    internal LanguageModelGradient(double crossEntropy, double divergence, Tensor hiddenGradient) =>
        (CrossEntropy, Divergence, HiddenGradient) = (crossEntropy, divergence, hiddenGradient);

    /// <summary>Weighted mean of −log p(target), nats; unweighted by the loss's own weight.</summary>
    public double CrossEntropy { get; }

    /// <summary>Weighted mean of KL(dense ‖ compressed), nats; 0 when no dense hidden states were given.</summary>
    public double Divergence { get; }

    /// <summary>d (crossEntropyWeight·CE + divergenceWeight·KL) / d hidden [S, M], in the dtype of hidden.</summary>
    public Tensor HiddenGradient { get; }

    /// <inheritdoc/>
    public void Dispose() => HiddenGradient.Dispose();
}
