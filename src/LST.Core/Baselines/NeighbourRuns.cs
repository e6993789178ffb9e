namespace LST.Core.Baselines;

/// <summary>Runs of tokens in one head that belong together: an edge j joins the tokens j and j + 1.</summary>
internal static class NeighbourRuns
{
    /// <summary>Takes edges until enough are taken. Edges of protected tokens, and those that would make a run longer than allowed, are passed over.</summary>
    /// <param name="order">Edges, the most similar first.</param>
    /// <param name="isProtected">Tokens that stay by themselves [T].</param>
    /// <param name="wanted">Edges to take.</param>
    /// <param name="longest">Most tokens of a run.</param>
    /// <param name="joined">Edges that were taken [T − 1].</param>
    /// <returns>How many were taken.</returns>
    public static int Join(ReadOnlySpan<int> order, ReadOnlySpan<bool> isProtected, int wanted, int longest, Span<bool> joined)
    {
        joined.Clear();
        var (firstOf, lastOf) = (new int[isProtected.Length], new int[isProtected.Length]);     // Right at the ends of runs, which is where they are read.
        for (var j = 0; j < firstOf.Length; j++) (firstOf[j], lastOf[j]) = (j, j);
        var taken = 0;
        foreach (var edge in order)
        {
            if (taken == wanted) break;
            if (isProtected[edge] || isProtected[edge + 1]) continue;
            var (first, last) = (firstOf[edge], lastOf[edge + 1]);
            if (last - first + 1 > longest) continue;
            (joined[edge], lastOf[first], firstOf[last]) = (true, last, first);
            taken++;
        }
        return taken;
    }

    /// <summary>All tokens as runs, those without edges as runs of one.</summary>
    public static List<(int First, int Count)> Of(ReadOnlySpan<bool> joined)
    {
        List<(int First, int Count)> runs = [];
        for (var (first, j) = (0, 0); j <= joined.Length; j++)
        {
            if (j < joined.Length && joined[j]) continue;
            runs.Add((first, j - first + 1));
            first = j + 1;
        }
        return runs;
    }
}
