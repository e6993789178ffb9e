using LST.Core.Compression;

namespace LST.Core.Baselines;

/// <summary>Attention Matching of keys chosen by orthogonal matching pursuit on the attention mass (<see cref="MassPursuit"/>). Dropped keys are not replaced, the weights of the others stay.</summary>
/// <param name="options">As <see cref="AttentionMatching"/>.</param>
public sealed class PursuitMatching(MethodOptions options) : AttentionMatching(options)
{
    private protected override (double Min, double Max) DefaultWeights => (1e-12, Math.Exp(7));

    private protected override double? DefaultDropBelow => Math.Exp(-7);

    private protected override int[] Select(MatchingTarget target, int slots) => MassPursuit.Select(target, slots, Fit.Least, Fit.Most);
}
