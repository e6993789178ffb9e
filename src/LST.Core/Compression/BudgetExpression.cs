using System.Globalization;

namespace LST.Core.Compression;

/// <summary>
/// A whole number written as an expression of n (slots) and r (ratio), as options allow it: <c>8</c>, <c>n/2</c>, <c>n-4</c>, <c>2*r</c>.
/// The result is computed in doubles, floored once, and 0 where a short prompt makes it negative (<c>n-4</c> at n = 3).
/// </summary>
public static class BudgetExpression
{
    // Longer texts are no budgets, and parentheses would be nested without bound.
    private const int MaxLength = 64;

    // Far above any prompt; sums of two options stay inside an int.
    private const double MaxTokens = 1e9;

    /// <summary>Evaluates, e.g. <c>n/2</c> with n = 13 gives 6.</summary>
    /// <exception cref="UsageException">Not such an expression.</exception>
    public static int Evaluate(string option, string text, int slots, Ratio ratio)
    {
        if (Value(text, slots, ratio.Value) is not { } value)
            throw new UsageException($"option {option}={text}: expected a whole number or an expression of n and r, such as 8, n/2 or n-4; it has no value at n = {slots}, r = {ratio}");
        return (int)Math.Clamp(Math.Floor(value + 1e-9), 0, MaxTokens);
    }

    /// <summary>Evaluates where there is no n yet, because the cache grows.</summary>
    /// <exception cref="UsageException">Not such an expression, or one whose value depends on n.</exception>
    public static int EvaluateWithoutSlots(string option, string text, Ratio ratio)
    {
        if (Value(text, 997, ratio.Value) is { } one && Value(text, 1009, ratio.Value) is { } other && Math.Abs(one - other) > 1e-9)
            throw new UsageException($"option {option}={text}: it depends on n, and a cache that is compressed while tokens arrive has no n of its own; give a whole number or an expression of r");
        return Evaluate(option, text, 1000, ratio);
    }

    /// <summary>Whether the text can be evaluated at all and is not negative at n = 1000, r = 2 (checked when a method is parsed).</summary>
    public static bool IsValid(string text) => Value(text, 1000, 2) >= 0;

    private static double? Value(string text, double slots, double ratio)
    {
        if (text.Length > MaxLength) return null;
        var reader = new Reader(text, slots, ratio);
        var value = reader.Sum();
        return reader.AtEnd && double.IsFinite(value) ? value : null;
    }

    private ref struct Reader(string text, double n, double r)
    {
        private int at;

        public readonly bool AtEnd => at == text.Length;

        public double Sum()
        {
            var value = Product();
            while (Next('+', '-') is { } sign) value = sign == '+' ? value + Product() : value - Product();
            return value;
        }

        private double Product()
        {
            var value = Atom();
            while (Next('*', '/') is { } sign) value = sign == '*' ? value * Atom() : value / Atom();
            return value;
        }

        private double Atom()
        {
            if (Next('-', '-') is not null) return -Atom();
            if (Next('n', 'N') is not null) return n;
            if (Next('r', 'R') is not null) return r;
            if (Next('(', '(') is not null)
            {
                var inner = Sum();
                return Next(')', ')') is null ? double.NaN : inner;
            }
            var start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.')) at++;
            return double.TryParse(text.AsSpan(start, at - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
        }

        private char? Next(char a, char b)
        {
            if (at >= text.Length || (text[at] != a && text[at] != b)) return null;
            return text[at++];
        }
    }
}
