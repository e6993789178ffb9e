namespace LST.Core.Training.Data.Kinds;

/// <summary>Fits contexts to a number of tokens, BOS included.</summary>
internal sealed class PrefixFitter(QuestionLayout layout)
{
    /// <summary>
    /// The largest size from <paramref name="least"/> to <paramref name="most"/> whose context has at most <paramref name="prefix"/> tokens; −1 if the least
    /// has more.
    /// </summary>
    /// <param name="build">The context of a size; a larger size gives more tokens.</param>
    /// <param name="least">Smallest size.</param>
    /// <param name="most">Largest size.</param>
    /// <param name="prefix">Tokens, BOS included.</param>
    public int Largest(Func<int, string> build, int least, int most, int prefix)
    {
        if (most < least || layout.Count(build(least)) > prefix) return -1;
        // Doubling first: contexts far beyond the prefix are never built.
        var (fits, step) = (least, 1);
        while (fits < most && layout.Count(build(Math.Min(most, fits + step))) <= prefix) (fits, step) = (Math.Min(most, fits + step), step * 2);
        var over = Math.Min(most + 1, fits + step);
        while (over - fits > 1)
        {
            var middle = fits + (over - fits) / 2;
            if (layout.Count(build(middle)) <= prefix) fits = middle;
            else over = middle;
        }
        return fits;
    }

    /// <summary>
    /// The context with the end of a filler before it, so much of it that BOS and all have exactly <paramref name="prefix"/> tokens; where no cut hits that
    /// (the filler is
    /// too short, or two tokens appear at once), the most that stays below.
    /// </summary>
    public string Fill(string filler, string joiner, string context, int prefix)
    {
        var missing = prefix - layout.Count(context);
        if (missing <= 0 || filler.Length == 0) return context;
        // No usual text has fewer than a token in 16 characters; the rest would only be tokenised in vain.
        filler = filler[Math.Max(0, filler.Length - 16 * missing - 64)..];
        string From(int start) => start >= filler.Length ? context : filler[start..] + joiner + context;
        int CountFrom(int start) => layout.Count(From(start));
        var (over, fits) = (-1, filler.Length);
        while (fits - over > 1)
        {
            var middle = Whole(filler, over + (fits - over) / 2);
            if (middle >= fits) middle = fits - 1;
            if (CountFrom(middle) <= prefix) fits = middle;
            else over = middle;
        }
        // Counts are not quite monotone in the cut: a neighbour may hit what the border misses.
        for (var start = Math.Max(0, fits - 6); start < Math.Min(filler.Length, fits + 6); start++)
            if (!Torn(filler, start) && CountFrom(start) == prefix) return From(start);
        return From(Torn(filler, fits) ? fits + 1 : fits);
    }

    private static int Whole(string text, int start) => Torn(text, start) ? start + 1 : start;

    private static bool Torn(string text, int start) => start < text.Length && char.IsLowSurrogate(text[start]);
}
