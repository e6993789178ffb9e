using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LST.Evaluation.Perplexity;

/// <summary>Ids that are evaluated together: a cache of the first ones, losses of the last ones.</summary>
/// <param name="Ids">All ids, BOS in front where the protocol puts one.</param>
/// <param name="CachedTokens">T, ids in the cache that is compressed (of a dense block all).</param>
/// <param name="ScoredTokens">How many ids at the end are scored, each by the logits of the id before it.</param>
internal sealed record Chunk(long[] Ids, int CachedTokens, int ScoredTokens)
{
    /// <summary>Ids that are prefilled and compressed [T].</summary>
    public ReadOnlyMemory<long> Prompt => Ids.AsMemory(0, CachedTokens);

    /// <summary>Ids whose logits are read.</summary>
    public ReadOnlyMemory<long> Inputs => Ids.AsMemory(Ids.Length - ScoredTokens - 1, ScoredTokens);

    /// <summary>Ids that are scored, each the successor of its input.</summary>
    public ReadOnlyMemory<long> Targets => Ids.AsMemory(Ids.Length - ScoredTokens, ScoredTokens);

    /// <summary>Digest of the ids of chunks in their order: lower-case hex.</summary>
    public static string Digest(IEnumerable<long[]> chunks)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var ids in chunks) digest.AppendData(MemoryMarshal.AsBytes<long>([ids.Length, .. ids]));
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }
}
