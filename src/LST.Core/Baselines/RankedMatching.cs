using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>Attention Matching of the keys with the largest root mean square attention; every head holds its slots unless <c>drop-below</c> is given.</summary>
/// <param name="options">As <see cref="AttentionMatching"/>.</param>
public sealed class RankedMatching(MethodOptions options) : AttentionMatching(options), IScoringCompressor
{
    private protected override (double Min, double Max) DefaultWeights => (Math.Exp(-3), Math.Exp(3));

    private protected override double? DefaultDropBelow => null;

    /// <inheritdoc/>
    public bool IsSelection => false;

    /// <inheritdoc/>
    public Tensor Scores(LayerContext layer, LayerBudget budget) => RootMeanSquares(layer);

    private protected override int[] Select(MatchingTarget target, int slots) => Selection.Top(target.RootMeanSquares.unsqueeze(0), [slots])[0];
}
