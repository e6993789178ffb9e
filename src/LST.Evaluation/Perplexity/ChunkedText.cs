using LST.Core;

namespace LST.Evaluation.Perplexity;

/// <summary>
/// A tokenised text in chunks of BOS and (P + S − 1) ids each, consecutive and without overlap; a short rest is dropped.
/// </summary>
public sealed class ChunkedText
{
    private readonly long[] ids;
    private readonly long bos;
    private readonly int chunkIds;

    /// <summary>Cuts a text.</summary>
    /// <param name="name">For sentences.</param>
    /// <param name="ids">Ids of the whole text, without BOS.</param>
    /// <param name="bos">The model's BOS.</param>
    /// <param name="chunkTokens">Tokens of a chunk, BOS included.</param>
    /// <param name="limit">Only the first N chunks.</param>
    /// <exception cref="DataException">Shorter than one chunk.</exception>
    public ChunkedText(string name, IReadOnlyList<int> ids, int bos, int chunkTokens, int? limit)
    {
        this.ids = [.. ids.Select(id => (long)id)];
        this.bos = bos;
        chunkIds = chunkTokens - 1;
        var whole = ids.Count / chunkIds;
        if (whole == 0)
            throw new DataException($"text '{name}': one chunk needs {chunkIds} ids, the whole text has {ids.Count}; take a longer text or smaller --prefix and --suffix");
        Count = Math.Min(whole, limit ?? whole);
    }

    /// <summary>Number of chunks.</summary>
    public int Count { get; }

    /// <summary>BOS and the ids of chunk c.</summary>
    public long[] this[int chunk] => [bos, .. ids.AsSpan(chunk * chunkIds, chunkIds)];
}
