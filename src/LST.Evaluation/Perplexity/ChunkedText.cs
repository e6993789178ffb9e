using LST.Core;

namespace LST.Evaluation.Perplexity;

/// <summary>A tokenised text in consecutive chunks without overlap; a short rest is dropped.</summary>
public sealed class ChunkedText
{
    private readonly long[] ids;
    private readonly long[] front;
    private readonly int chunkIds;

    private ChunkedText(string name, long[] ids, long[] front, int chunkIds, int? limit)
    {
        (this.ids, this.front, this.chunkIds) = (ids, front, chunkIds);
        var whole = ids.Length / chunkIds;
        if (whole == 0)
            throw new DataException($"text '{name}': one chunk needs {chunkIds} ids, the whole text has {ids.Length}; take a longer text or smaller --prefix and --suffix");
        Count = Math.Min(whole, limit ?? whole);
    }

    /// <summary>E1: every chunk is BOS and the next (tokens − 1) ids of the text.</summary>
    /// <param name="name">For sentences.</param>
    /// <param name="ids">Ids of the whole text, without BOS.</param>
    /// <param name="bos">The model's BOS.</param>
    /// <param name="tokens">Tokens of a chunk, BOS included.</param>
    /// <param name="limit">Only the first N chunks.</param>
    /// <exception cref="DataException">Shorter than one chunk.</exception>
    public static ChunkedText WithBosEach(string name, IReadOnlyList<int> ids, int bos, int tokens, int? limit) =>
        new(name, [.. ids.Select(id => (long)id)], [bos], tokens - 1, limit);

    /// <summary>E0: one BOS at the very start, then blocks of exactly <paramref name="tokens"/> ids.</summary>
    /// <exception cref="DataException">Shorter than one block.</exception>
    public static ChunkedText Blocks(string name, IReadOnlyList<int> ids, int bos, int tokens, int? limit) =>
        new(name, [bos, .. ids.Select(id => (long)id)], [], tokens, limit);

    /// <summary>Number of chunks.</summary>
    public int Count { get; }

    /// <summary>The ids of chunk c, BOS in front where the protocol puts one.</summary>
    public long[] this[int chunk] => [.. front, .. ids.AsSpan(chunk * chunkIds, chunkIds)];
}
