namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>
/// Matching blocks of Python's <c>difflib.SequenceMatcher</c> (Ratcliff and Obershelp 1988): the longest common contiguous block, then the same left and right of it. In a second sequence of at
/// least 200 items those that occur in more than 1 % of its places (and one) begin no block; they only extend one.
/// </summary>
internal sealed class MatchingBlocks
{
    private const int LengthWithPopular = 200;

    private readonly int[] _a;
    private readonly int[] _b;
    private readonly Dictionary<int, List<int>> _places = [];

    private MatchingBlocks(int[] a, int[] b)
    {
        (_a, _b) = (a, b);
        for (var j = 0; j < b.Length; j++)
        {
            if (!_places.TryGetValue(b[j], out var places)) _places.Add(b[j], places = []);
            places.Add(j);
        }
        if (b.Length < LengthWithPopular) return;
        foreach (var (item, places) in _places.ToList())
            if (places.Count > b.Length / 100 + 1) _places.Remove(item);
    }

    /// <summary>Sum of the lengths of all matching blocks.</summary>
    public static int Length(int[] a, int[] b)
    {
        var matcher = new MatchingBlocks(a, b);
        var open = new Stack<(int ALow, int AHigh, int BLow, int BHigh)>([(0, a.Length, 0, b.Length)]);
        var sum = 0;
        while (open.TryPop(out var region))
        {
            var (i, j, length) = matcher.Longest(region.ALow, region.AHigh, region.BLow, region.BHigh);
            if (length == 0) continue;
            sum += length;
            if (region.ALow < i && region.BLow < j) open.Push((region.ALow, i, region.BLow, j));
            if (i + length < region.AHigh && j + length < region.BHigh) open.Push((i + length, region.AHigh, j + length, region.BHigh));
        }
        return sum;
    }

    // The longest block, the earliest in a, then in b; a block of length 0 lies at (aLow, bLow), and it too is extended.
    private (int A, int B, int Length) Longest(int aLow, int aHigh, int bLow, int bHigh)
    {
        var (bestA, bestB, best) = (aLow, bLow, 0);
        Dictionary<int, int> lengths = [];
        for (var i = aLow; i < aHigh; i++)
        {
            Dictionary<int, int> next = [];
            foreach (var j in _places.GetValueOrDefault(_a[i]) ?? [])
            {
                if (j < bLow) continue;
                if (j >= bHigh) break;
                var length = next[j] = lengths.GetValueOrDefault(j - 1) + 1;
                if (length > best) (bestA, bestB, best) = (i - length + 1, j - length + 1, length);
            }
            lengths = next;
        }
        for (; bestA > aLow && bestB > bLow && _a[bestA - 1] == _b[bestB - 1]; best++) (bestA, bestB) = (bestA - 1, bestB - 1);
        while (bestA + best < aHigh && bestB + best < bHigh && _a[bestA + best] == _b[bestB + best]) best++;
        return (bestA, bestB, best);
    }
}
