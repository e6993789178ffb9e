namespace LST.Evaluation.Perplexity;

/// <summary>What one row (method × ratio) left of one chunk; the line of a journal.</summary>
/// <param name="Nll">Summed NLL of the scored ids, nats.</param>
/// <param name="BinNll">Summed NLL by offset bin, nats.</param>
/// <param name="KeptSlots">Slots kept, all layers and KV heads.</param>
/// <param name="CacheBytes">Bytes of the compressed cache.</param>
/// <param name="CompressMilliseconds">Time of compression, statistics included.</param>
/// <param name="PrefillMilliseconds">Time of the shared prefill.</param>
public sealed record ChunkResult(double Nll, double[] BinNll, long KeptSlots, long CacheBytes, double CompressMilliseconds, double PrefillMilliseconds);

/// <summary>Bins of suffix offsets.</summary>
public static class OffsetBins
{
    /// <summary>First offsets (from 0) of the bins 1–16, 17–64, 65–256, 257–S, and the end of the last: edges that lie inside S.</summary>
    public static int[] Edges(int suffix) => [.. new[] { 0, 16, 64, 256 }.Where(edge => edge < suffix), suffix];

    /// <summary>Sums of losses by bin.</summary>
    public static double[] Sum(ReadOnlySpan<double> losses, IReadOnlyList<int> edges)
    {
        var sums = new double[Math.Max(0, edges.Count - 1)];
        for (var bin = 0; bin < sums.Length; bin++)
            foreach (var loss in losses[edges[bin]..edges[bin + 1]]) sums[bin] += loss;
        return sums;
    }
}
