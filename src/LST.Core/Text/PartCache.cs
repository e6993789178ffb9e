using System.Collections.Concurrent;

namespace LST.Core.Text;

/// <summary>Ids of parts of text that were encoded before: most words of a text repeat. Bounded, and safe for concurrent use.</summary>
internal sealed class PartCache
{
    private const int MaxParts = 1 << 16;
    private const int MaxPartLength = 64;

    private readonly ConcurrentDictionary<string, int[]> _parts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private int _count;

    internal PartCache() => _lookup = _parts.GetAlternateLookup<ReadOnlySpan<char>>();

    internal bool TryGet(ReadOnlySpan<char> part, out int[] ids) => _lookup.TryGetValue(part, out ids!);

    internal void Add(ReadOnlySpan<char> part, ReadOnlySpan<int> ids)
    {
        if (part.Length > MaxPartLength) return;
        // Starting again when full keeps the words of the present text and needs no order of use.
        if (Interlocked.Increment(ref _count) > MaxParts)
        {
            _parts.Clear();
            Interlocked.Exchange(ref _count, 1);
        }
        _lookup.TryAdd(part, ids.ToArray());
    }
}
