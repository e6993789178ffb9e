using LST.Evaluation.Statistics;

namespace LST.Evaluation.Records;

/// <summary>How losses of chunks become one number: every scored token counts the same, or every chunk.</summary>
public static class ChunkAverages
{
    /// <summary>The mean over chunks of their mean losses; elsewhere null: tokens are weighed.</summary>
    public const string OverSamples = "samples";

    /// <summary>Mean loss in nats a token.</summary>
    /// <param name="average"><see cref="PerplexityRow.Average"/>.</param>
    /// <param name="nll">Summed loss of each chunk, nats.</param>
    /// <param name="tokens">Scored tokens of each chunk.</param>
    public static double MeanLoss(string? average, IReadOnlyList<double> nll, IReadOnlyList<int> tokens) =>
        average == OverSamples ? PerToken(nll, tokens).Average() : nll.Sum() / tokens.Sum(count => (double)count);

    /// <summary>Perplexity over that of another run on the same chunks: exp of the difference of mean losses, with the interval of a bootstrap over chunks.</summary>
    /// <param name="bootstrap">Draws of chunks.</param>
    /// <param name="average"><see cref="PerplexityRow.Average"/>.</param>
    /// <param name="nll">Summed loss of each chunk, nats.</param>
    /// <param name="other">The same tokens under the other method.</param>
    /// <param name="tokens">Scored tokens of each chunk.</param>
    /// <exception cref="LST.Core.DataException">A loss is not finite, or a chunk has no scored token.</exception>
    public static Estimate Ratio(PairedBootstrap bootstrap, string? average, IReadOnlyList<double> nll, IReadOnlyList<double> other, IReadOnlyList<int> tokens) => average == OverSamples
        ? bootstrap.PerplexityRatio(PerToken(nll, tokens), PerToken(other, tokens), [.. tokens.Select(count => Math.Min(count, 1))])
        : bootstrap.PerplexityRatio(nll, other, tokens);

    private static double[] PerToken(IReadOnlyList<double> nll, IReadOnlyList<int> tokens) => [.. nll.Zip(tokens, (sum, count) => sum / count)];
}
