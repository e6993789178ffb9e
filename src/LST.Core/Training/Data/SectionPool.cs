namespace LST.Core.Training.Data;

/// <summary>
/// The sections of lowest rank that reach a cap, found in one pass over a text of any length: a section that can no longer be among them is neither tokenised
/// nor kept.
/// </summary>
internal sealed class SectionPool(string name, long? maxTokens)
{
    /// <summary>Ids of four bytes in one array of bytes, a file's header included.</summary>
    private const int MostTokens = (0x7FFFFFC7 - 256) / 4;

    private readonly PriorityQueue<(ulong Place, int[] Ids), ulong> _highestFirst = new(Comparer<ulong>.Create((a, b) => b.CompareTo(a)));
    private ulong _limit = ulong.MaxValue;

    /// <summary>Tokens of the sections that are kept.</summary>
    public long Tokens { get; private set; }

    /// <summary>Whether something of the text was left out.</summary>
    public bool Dropped { get; private set; }

    /// <summary>Whether a section of this rank can still be among the chosen.</summary>
    public bool Wants(ulong rank) => rank < _limit;

    /// <summary>Adds a section and drops those that the cap is reached without.</summary>
    public void Add(ulong rank, ulong place, int[] ids)
    {
        _highestFirst.Enqueue((place, ids), rank);
        Tokens += ids.Length;
        while (_highestFirst.TryPeek(out var highest, out var highestRank) && Tokens - highest.Ids.Length >= maxTokens)
        {
            _highestFirst.Dequeue();
            Tokens -= highest.Ids.Length;
            (_limit, Dropped) = (highestRank, true);
        }
    }

    /// <summary>The ids of the chosen sections in the order of the text, at most the cap: the section of the highest rank loses its end.</summary>
    /// <exception cref="DataException">More than fit into one array.</exception>
    public int[] Join()
    {
        var count = Math.Min(Tokens, maxTokens ?? Tokens);
        if (count > MostTokens)
            throw new DataException($"text '{name}': at most {MostTokens} tokens make one stream, but it has {count}; give a cap on its tokens.");
        var sections = _highestFirst.UnorderedItems.OrderBy(item => item.Element.Place).ToList();
        var excess = Tokens - count;
        if (excess > 0) Dropped = true;
        var lastRank = sections.Count == 0 ? 0 : sections.Max(item => item.Priority);
        var ids = new int[count];
        var next = 0;
        foreach (var (element, rank) in sections)
        {
            var taken = element.Ids.AsSpan(0, rank == lastRank ? (int)(element.Ids.Length - excess) : element.Ids.Length);
            taken.CopyTo(ids.AsSpan(next));
            next += taken.Length;
        }
        return ids;
    }
}
