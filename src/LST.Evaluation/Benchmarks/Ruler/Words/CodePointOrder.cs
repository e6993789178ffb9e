namespace LST.Evaluation.Benchmarks.Ruler.Words;

/// <summary>Python's order of strings: by code points. It differs from the order of UTF-16 units above U+FFFF, whose surrogates sort before U+E000 to U+FFFF.</summary>
internal sealed class CodePointOrder : IComparer<string>
{
    public static CodePointOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null) return string.CompareOrdinal(x, y);
        var same = x.AsSpan().CommonPrefixLength(y);
        return same == x.Length || same == y.Length ? x.Length - y.Length : Rank(x[same]) - Rank(y[same]);
    }

    // Surrogates above all others; two surrogates that differ keep their order, as code points do.
    private static int Rank(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
}
