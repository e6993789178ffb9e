namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>Longest common subsequences: their length, and the words of the one that the package <c>rouge</c> finds.</summary>
internal static class CommonSubsequence
{
    private enum Back : byte
    {
        Both,
        First,
        Second,
    }

    /// <summary>Length of the longest common subsequence.</summary>
    public static int Length(ReadOnlySpan<int> x, ReadOnlySpan<int> y)
    {
        var row = new int[y.Length + 1];
        foreach (var item in x)
        {
            var diagonal = 0;
            for (var j = 1; j <= y.Length; j++)
            {
                var above = row[j];
                row[j] = item == y[j - 1] ? diagonal + 1 : Math.Max(above, row[j - 1]);
                diagonal = above;
            }
        }
        return row[^1];
    }

    /// <summary>
    /// Adds the items of a longest common subsequence. Of several it is the one on the way back through the table from its end that, where the ends differ, shortens
    /// <paramref name="x"/> only if that keeps more (ties shorten <paramref name="y"/>).
    /// </summary>
    /// <returns>False where that way has more than <paramref name="mostSteps"/> steps; nothing is added then.</returns>
    public static bool Collect(int[] x, int[] y, HashSet<int> items, int mostSteps)
    {
        // A step shortens each by one at most.
        if (Math.Min(x.Length, y.Length) > mostSteps) return false;
        var back = Table(x, y);
        var found = new List<int>();
        var (i, j, steps) = (x.Length, y.Length, 0);
        for (; i > 0 && j > 0; steps++)
            switch (back[i - 1][j - 1])
            {
                case Back.Both:
                    found.Add(x[i - 1]);
                    (i, j) = (i - 1, j - 1);
                    break;
                case Back.First:
                    i--;
                    break;
                default:
                    j--;
                    break;
            }
        if (steps > mostSteps) return false;
        items.UnionWith(found);
        return true;
    }

    private static Back[][] Table(int[] x, int[] y)
    {
        var back = new Back[x.Length][];
        var row = new int[y.Length + 1];
        for (var i = 0; i < x.Length; i++)
        {
            var (steps, diagonal) = (back[i] = new Back[y.Length], 0);
            for (var j = 1; j <= y.Length; j++)
            {
                var above = row[j];
                if (x[i] == y[j - 1]) row[j] = diagonal + 1;
                else
                {
                    steps[j - 1] = above > row[j - 1] ? Back.First : Back.Second;
                    row[j] = Math.Max(above, row[j - 1]);
                }
                diagonal = above;
            }
        }
        return back;
    }
}
