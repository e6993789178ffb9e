using System.Globalization;

namespace LST.Core.Compression;

/// <summary>A compression ratio r:1 as an exact rational ≥ 1: <c>2</c>, <c>4</c>, <c>3/2</c>. Budgets use integer arithmetic on it.</summary>
public readonly record struct Ratio : IComparable<Ratio>
{
    private const int Limit = 1_000_000;

    private Ratio(int numerator, int denominator) => (Numerator, Denominator) = (numerator, denominator);

    /// <summary>Numerator of the reduced fraction.</summary>
    public int Numerator { get; }

    /// <summary>Denominator of the reduced fraction.</summary>
    public int Denominator { get; }

    /// <summary>1:1, no compression.</summary>
    public static Ratio One { get; } = new(1, 1);

    /// <summary>As a number (3/2 is 1.5).</summary>
    public double Value => (double)Numerator / Denominator;

    /// <summary>A whole ratio.</summary>
    public static Ratio Of(int numerator, int denominator = 1)
    {
        if (numerator < 1 || denominator < 1 || numerator < denominator)
            throw new UsageException($"ratio {numerator}/{denominator}: a compression ratio is at least 1 (tokens in : slots kept); give e.g. 2, 4 or 3/2");
        var divisor = (int)System.Numerics.BigInteger.GreatestCommonDivisor(numerator, denominator);
        return new Ratio(numerator / divisor, denominator / divisor);
    }

    /// <summary>Reads <c>2</c>, <c>3/2</c> or a decimal such as <c>1.5</c> (at most three decimals, so that nothing is rounded).</summary>
    /// <exception cref="UsageException">Not a rational, below 1, or absurdly large.</exception>
    public static Ratio Parse(string text)
    {
        var parts = text.Trim().Split('/');
        if (parts.Length == 2 && Whole(parts[0], out var top) && Whole(parts[1], out var bottom)) return Of(top, bottom);
        if (parts.Length == 1 && Whole(parts[0], out var whole)) return Of(whole);
        if (parts.Length == 1 && decimal.TryParse(parts[0], NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && Math.Abs(value) <= Limit && decimal.IsInteger(value * 1000))
            return Of((int)(value * 1000), 1000);
        throw new UsageException($"ratio '{text}': expected a number of at least 1 and at most {Limit:N0}, such as 2, 4, 3/2 or 1.5 (three decimals at most)");
    }

    /// <summary>Slots for T tokens before any clamp: ⌊T / r⌋.</summary>
    public int Slots(int tokens) => (int)((long)tokens * Denominator / Numerator);

    /// <inheritdoc/>
    public int CompareTo(Ratio other) => ((long)Numerator * other.Denominator).CompareTo((long)other.Numerator * Denominator);

    /// <inheritdoc/>
    public override string ToString() => Denominator == 1 ? Numerator.ToString(CultureInfo.InvariantCulture) : $"{Numerator}/{Denominator}";

    private static bool Whole(string text, out int value) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out value)
        && Math.Abs((long)value) <= Limit;
}
