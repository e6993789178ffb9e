using System.Globalization;

namespace LST.Core.Compression;

/// <summary>
/// A whole number written as an expression of n (slots) and r (ratio), as options allow it: <c>8</c>, <c>n/2</c>, <c>n-4</c>, <c>2*r</c>.
/// Division rounds down; the result is computed in doubles and floored once.
/// </summary>
public static class BudgetExpression
{
    /// <summary>Evaluates, e.g. <c>n/2</c> with n = 13 gives 6.</summary>
    /// <exception cref="UsageException">Not such an expression, or negative.</exception>
    public static int Evaluate(string option, string text, int slots, Ratio ratio)
    {
        var reader = new Reader(text, slots, ratio.Value);
        var value = reader.Sum();
        if (!reader.AtEnd || double.IsNaN(value) || double.IsInfinity(value))
            throw new UsageException($"option {option}={text}: expected a whole number or an expression of n and r, such as 8, n/2 or n-4");
        if (value < 0) throw new UsageException($"option {option}={text}: the result is {value.ToString(CultureInfo.InvariantCulture)} for n = {slots}; it must not be negative");
        return (int)Math.Floor(value + 1e-9);
    }

    /// <summary>Whether the text can be evaluated at all (checked when a method is parsed).</summary>
    public static bool IsValid(string text)
    {
        var reader = new Reader(text, 1000, 2);
        var value = reader.Sum();
        return reader.AtEnd && !double.IsNaN(value);
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
