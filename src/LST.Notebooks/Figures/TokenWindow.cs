namespace LST.Notebooks.Figures;

/// <summary>The part of a long row of tokens that a figure shows, and the words that say so. Nothing is left out silently.</summary>
/// <param name="First">First shown.</param>
/// <param name="Count">How many.</param>
/// <param name="Total">Of how many.</param>
internal readonly record struct TokenWindow(int First, int Count, int Total)
{
    public int End => First + Count;

    public bool IsWhole => Count == Total;

    /// <summary>At most <paramref name="most"/> from <paramref name="first"/>, which counts from the end when it is null.</summary>
    public static TokenWindow Of(int total, int most, int? first)
    {
        var count = Math.Min(total, most);
        return new TokenWindow(Math.Clamp(first ?? total - count, 0, total - count), count, total);
    }

    public IEnumerable<T> Of<T>(IReadOnlyList<T> values)
    {
        for (var i = First; i < End; i++) yield return values[i];
    }

    /// <summary><c>queries 64–127 of 192</c>; empty when all are shown.</summary>
    public string Bounds(string what) => IsWhole ? "" : $"{what} {First:#,0}–{End - 1:#,0} of {Total:#,0}";
}
