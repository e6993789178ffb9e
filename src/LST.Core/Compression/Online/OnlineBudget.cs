namespace LST.Core.Compression.Online;

/// <summary>
/// Slots of a head while tokens arrive: the least, and more where a ratio asks for it, max(least, ⌊seen / r⌋); or a number that stays.
/// </summary>
public sealed record OnlineBudget
{
    private readonly Ratio? ratio;

    private readonly Ratio expressed;

    private OnlineBudget(Ratio? ratio, int least, Ratio expressed) => (this.ratio, Least, this.expressed) = (ratio, least, expressed);

    /// <summary>Slots that a head may have in any case.</summary>
    public int Least { get; }

    /// <summary>Whether the number of slots does not depend on the tokens seen.</summary>
    public bool IsFixed => ratio is null;

    /// <summary>A cache that grows with the text.</summary>
    /// <param name="ratio">r, above 1.</param>
    /// <param name="least">Slots that a head may have in any case, at least 1.</param>
    public static OnlineBudget OfRatio(Ratio ratio, int least = 1) => ratio == Compression.Ratio.One
        ? throw new UsageException("ratio 1 keeps every token, so that there is nothing to compress while tokens arrive; give a ratio above 1, such as 2")
        : new(ratio, Checked(least), ratio);

    /// <summary>A cache that does not grow.</summary>
    /// <param name="slots">n, at least 1.</param>
    /// <param name="ratio">r in options that are expressions of it, such as that of a whole stream; null: 1.</param>
    public static OnlineBudget Fixed(int slots, Ratio? ratio = null) => new(null, Checked(slots), ratio ?? Compression.Ratio.One);

    /// <summary>A ratio is a budget that grows.</summary>
    public static implicit operator OnlineBudget(Ratio ratio) => OfRatio(ratio);

    /// <summary>n after so many tokens.</summary>
    public int Slots(long seen) => ratio is { } r ? (int)Math.Max(Least, seen * r.Denominator / r.Numerator) : Least;

    /// <summary>r, for methods whose cache grows with the text.</summary>
    /// <exception cref="UsageException">The number of slots stays.</exception>
    public Ratio RequireRatio(string method) =>
        ratio ?? throw new UsageException($"method '{method}' compresses each window once, so that its cache grows with the text; it has no cache of {Least} slots: give a ratio instead");

    /// <summary>r in options that are expressions of it.</summary>
    public Ratio RatioOrOne => expressed;

    /// <inheritdoc/>
    public override string ToString() => ratio is { } r ? $"{r}:1" : $"{Least} slots";

    private static int Checked(int slots) => slots >= 1 ? slots : throw new UsageException($"{slots} slots: a cache needs at least 1");
}
