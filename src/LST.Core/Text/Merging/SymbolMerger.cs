using System.Buffers;

namespace LST.Core.Text.Merging;

/// <summary>Byte-pair encoding of one part in O(n log n): a linked list of symbols and a heap of the pairs that may be joined.</summary>
internal static class SymbolMerger
{
    /// <summary>Joins in place and returns how many symbols are left, at the front of <paramref name="symbols"/>.</summary>
    internal static int Merge(Span<int> symbols, MergeTable table)
    {
        if (symbols.Length < 2) return symbols.Length;
        var links = ArrayPool<int>.Shared.Rent(2 * symbols.Length);
        try
        {
            var next = links.AsSpan(0, symbols.Length);
            var previous = links.AsSpan(symbols.Length, symbols.Length);
            var candidates = new PriorityQueue<Candidate, (int Rank, int Left)>();
            for (var i = 0; i < symbols.Length; i++)
            {
                next[i] = i + 1 < symbols.Length ? i + 1 : -1;
                previous[i] = i - 1;
                if (i > 0) Offer(candidates, symbols, table, i - 1, i);
            }

            while (candidates.TryDequeue(out var candidate, out var priority))
            {
                var left = priority.Left;
                var right = candidate.Right;
                // A pair is stale when one of its symbols was joined elsewhere since it was offered.
                if (next[left] != right || symbols[left] != candidate.LeftSymbol || symbols[right] != candidate.RightSymbol) continue;
                symbols[left] = candidate.Joined;
                next[left] = next[right];
                next[right] = -2;
                if (next[left] >= 0)
                {
                    previous[next[left]] = left;
                    Offer(candidates, symbols, table, left, next[left]);
                }
                if (previous[left] >= 0) Offer(candidates, symbols, table, previous[left], left);
            }

            var count = 0;
            for (var i = 0; i >= 0; i = next[i]) symbols[count++] = symbols[i];
            return count;
        }
        finally
        {
            ArrayPool<int>.Shared.Return(links);
        }
    }

    private static void Offer(PriorityQueue<Candidate, (int, int)> candidates, ReadOnlySpan<int> symbols, MergeTable table, int left, int right)
    {
        if (table.TryGet(symbols[left], symbols[right], out var merge))
            candidates.Enqueue(new Candidate(right, symbols[left], symbols[right], merge.Joined), (merge.Rank, left));
    }

    private readonly record struct Candidate(int Right, int LeftSymbol, int RightSymbol, int Joined);
}
