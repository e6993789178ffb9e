namespace LST.Evaluation.Perplexity;

/// <summary>Token-level perplexity over independent blocks ("T-L"): what the field calls WikiText-2 perplexity at 2048 or 4096.</summary>
/// <param name="Perplexity">exp(mean loss of the scored ids).</param>
/// <param name="Blocks">Whole blocks; the rest is dropped.</param>
/// <param name="ScoredTokens">Scored ids: all but the first of each block.</param>
public readonly record struct BlockedPerplexity(double Perplexity, int Blocks, int ScoredTokens)
{
    /// <summary>Perplexity of a stream of ids.</summary>
    /// <param name="losses">Loss of each id inside of its own block, nats; those at the start of a block are not read.</param>
    /// <param name="block">Ids of a block, at least 2.</param>
    public static BlockedPerplexity Of(IReadOnlyList<double> losses, int block)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(block, 2);
        var blocks = losses.Count / block;
        if (blocks == 0) throw new ArgumentException($"{losses.Count} losses are less than one block of {block}", nameof(losses));
        var sum = Enumerable.Range(0, blocks * block).Where(i => i % block != 0).Sum(i => losses[i]);
        return new(Math.Exp(sum / (blocks * (block - 1))), blocks, blocks * (block - 1));
    }
}
