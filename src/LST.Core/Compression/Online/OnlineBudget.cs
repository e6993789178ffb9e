namespace LST.Core.Compression.Online;

/// <summary>
/// Slots of a head while tokens arrive: the least, and more where a ratio asks for it, max(least, ⌊seen / r⌋); or a number that stays.
/// </summary>
public sealed record OnlineBudget
{
    private readonly Ratio? ratio;

    private OnlineBudget(Ratio? ratio, int least) => (this.ratio, Least) = (ratio, least);

    /// <summary>Slots that a head may have in any case.</summary>
    public int Least { get; }

    /// <summary>Whether the number of slots does not depend on the tokens seen.</summary>
    public bool IsFixed => ratio is null;

    /// <summary>A cache that grows with the text.</summary>
    /// <param name="ratio">r, above 1.</param>
    /// <param name="least">Slots that a head may have in any case, at least 1.</param>
    public static OnlineBudget OfRatio(Ratio ratio, int least = 1) => ratio == Compression.Ratio.One
        ? throw new UsageException("ratio 1 keeps every token, so that there is nothing to compress while tokens arrive; give a ratio above 1, such as 2")
        : new(ratio, Checked(least));

    /// <summary>A cache that does not grow.</summary>
    /// <param name="slots">n, at least 1.</param>
    public static OnlineBudget Fixed(int slots) => new(null, Checked(slots));

    /// <summary>A ratio is a budget that grows.</summary>
    public static implicit operator OnlineBudget(Ratio ratio) => OfRatio(ratio);

    /// <summary>n after so many tokens.</summary>
    public int Slots(long seen) => ratio is { } r ? (int)Math.Max(Least, seen * r.Denominator / r.Numerator) : Least;

    /// <summary>r, for methods whose cache grows with the text.</summary>
    /// <exception cref="UsageException">The number of slots stays.</exception>
    public Ratio RequireRatio(string method) =>
        ratio ?? throw new UsageException($"method '{method}' compresses each window once, so that its cache grows with the text; it has no cache of {Least} slots: give a ratio instead");

    /// <summary>r where there is one; for a number that stays, 1: options that are expressions of r have no other meaning there.</summary>
    public Ratio RatioOrOne => ratio ?? Compression.Ratio.One;

    /// <inheritdoc/>
    public override string ToString() => ratio is { } r ? $"{r}:1" : $"{Least} slots";

    private static int Checked(int slots) => slots >= 1 ? slots : throw new UsageException($"{slots} slots: a cache needs at least 1");
}
