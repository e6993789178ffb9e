using System.Runtime.InteropServices;

namespace LST.Core.Text.Merging;

/// <summary>
/// What byte-pair encoding may join: (left symbol, right symbol) → (rank, joined symbol); the lowest rank is joined first, the leftmost on ties.
/// </summary>
internal sealed class MergeTable
{
    private readonly Dictionary<ulong, Merge> _merges;

    internal MergeTable(int capacity = 0) => _merges = new Dictionary<ulong, Merge>(capacity);

    internal int Count => _merges.Count;

    /// <summary>Adds a pair; the later one of equal pairs counts, as in the tokenizers library.</summary>
    internal void Set(int left, int right, int rank, int joined) => _merges[Key(left, right)] = new Merge(rank, joined);

    internal bool TryGet(int left, int right, out Merge merge) => _merges.TryGetValue(Key(left, right), out merge);

    /// <summary>
    /// Every way to join two smaller tokens into <paramref name="token"/>, for formats that rank tokens and not pairs.
    /// </summary>
    /// <param name="token">The joined token's text or bytes.</param>
    /// <param name="joined">Its symbol.</param>
    /// <param name="rank">Its rank.</param>
    /// <param name="symbolOf">Symbol of a shorter stretch; null when there is none.</param>
    internal void SetSplits<T>(ReadOnlySpan<T> token, int joined, int rank, SymbolOf<T> symbolOf)
    {
        for (var cut = 1; cut < token.Length; cut++)
            if (symbolOf(token[..cut]) is { } left && symbolOf(token[cut..]) is { } right)
                Set(left, right, rank, joined);
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}

/// <summary>Symbol of a stretch of text or bytes, or null.</summary>
internal delegate int? SymbolOf<T>(ReadOnlySpan<T> stretch);

/// <summary>One allowed join.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Merge(int Rank, int Joined);
