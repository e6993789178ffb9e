namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>Analytic size of a cache of keys and values that all layers and heads hold alike (benchmarks §6).</summary>
/// <param name="Layers">Layers.</param>
/// <param name="KeyValueHeads">Heads that keys and values are stored for; not query heads.</param>
/// <param name="HeadDim">Elements of a key, and of a value.</param>
/// <param name="Entries">Pairs of key and value that a head holds; dense: tokens.</param>
/// <param name="BytesPerElement">2 in half precision.</param>
/// <param name="Batch">Samples.</param>
public sealed record KeyValueBytes(long Layers, long KeyValueHeads, long HeadDim, long Entries, long BytesPerElement = 2, long Batch = 1)
{
    /// <summary>2 · layers · heads · head dim · entries · bytes an element · batch.</summary>
    /// <exception cref="OverflowException">More than 2^63 − 1.</exception>
    public long Bytes => checked(2 * Layers * KeyValueHeads * HeadDim * Entries * BytesPerElement * Batch);

    /// <summary>In GiB, 2^30 bytes.</summary>
    public double Gibibytes => Bytes / (double)(1L << 30);

    /// <summary>In GB, 10^9 bytes.</summary>
    public double Gigabytes => Bytes / 1e9;
}
