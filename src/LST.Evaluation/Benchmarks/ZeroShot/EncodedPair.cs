using LST.Core;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>A request in ids: the context, at least one id, and the continuation behind it, at least one id.</summary>
/// <param name="Context">Ids of the context.</param>
/// <param name="Continuation">Ids that are scored.</param>
public sealed record EncodedPair(int[] Context, int[] Continuation)
{
    /// <summary>All ids.</summary>
    public int Length => Context.Length + Continuation.Length;

    /// <summary>Ids that do not fit: a model reads at most <paramref name="maxLength"/>, and the last id is only scored.</summary>
    public int LeftTruncated(int maxLength) => Math.Max(0, Length - (maxLength + 1));

    /// <summary>Cut from the left to what a model can read; BOS is lost where anything is.</summary>
    /// <exception cref="DataException">The continuation alone is longer.</exception>
    public EncodedPair Fit(int maxLength)
    {
        if (Continuation.Length > maxLength)
            throw new DataException($"A continuation has to have at most the {maxLength} ids that the model reads at once, but one has {Continuation.Length}; leave the item out, or raise the length.");
        return LeftTruncated(maxLength) is > 0 and var cut ? this with { Context = Context[cut..] } : this;
    }
}
