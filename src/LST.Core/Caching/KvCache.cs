using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Caching;

/// <summary>One layer of a cache: an optional compressed prefix, followed by the dense tail.</summary>
public sealed class LayerCache(DenseTail tail) : IDisposable
{
    /// <summary>Compressed prefix, or null when nothing was compressed.</summary>
    public CompressedLayer? Prefix { get; private set; }

    /// <summary>Uncompressed tokens behind the prefix.</summary>
    public DenseTail Tail => tail;

    /// <summary>Bytes that a decode step can read: prefix and allocated tail.</summary>
    public long Bytes => (Prefix?.Bytes ?? 0) + tail.Bytes;

    /// <summary>Puts a compressed prefix in place of the old one, which is disposed.</summary>
    public void Replace(CompressedLayer prefix)
    {
        if (!ReferenceEquals(prefix, Prefix)) Prefix?.Dispose();
        Prefix = prefix;
    }

    /// <summary>Gives the prefix away; the layer forgets it.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public CompressedLayer Release()
    {
        var released = Prefix ?? throw new InvalidOperationException("the layer has no compressed prefix");
        Prefix = null;
        return released;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Prefix?.Dispose();
        tail.Dispose();
    }
}

/// <summary>
/// The key/value cache of all layers for a batch. The position of the next token of a sample is the number of its tokens seen
/// (<see cref="NextPositions"/>), never the number of slots kept.
/// </summary>
public sealed class KvCache : IDisposable
{
    private readonly long[] nextPositions;
    private readonly LayerCache[] layers;

    /// <summary>An empty cache.</summary>
    /// <param name="config">Shape of the model.</param>
    /// <param name="batch">B.</param>
    /// <param name="dtype">Storage type.</param>
    /// <param name="device">Where it lies.</param>
    /// <param name="blockTokens">Tokens of a block of the dense tail: what is known to come, else a round number.</param>
    public KvCache(ModelConfig config, int batch, ScalarType dtype, Device device, int blockTokens = 256)
    {
        nextPositions = new long[batch];
        layers = [.. Enumerable.Range(0, config.Layers).Select(_ =>
            new LayerCache(new DenseTail(batch, config.KeyValueHeads, config.HeadDim, dtype, device, blockTokens)))];
        Batch = batch;
    }

    /// <summary>B.</summary>
    public int Batch { get; }

    /// <summary>The layers.</summary>
    public IReadOnlyList<LayerCache> Layers => layers;

    /// <summary>True position of the next token of each sample [B].</summary>
    public Span<long> NextPositions => nextPositions;

    /// <summary>Bytes over all layers.</summary>
    public long Bytes => layers.Sum(layer => layer.Bytes);

    /// <summary>
    /// One batch of compressed single samples, each with its own lengths and next position, and an empty tail. The parts give up their prefixes.
    /// </summary>
    public static KvCache Join(ModelConfig config, IReadOnlyList<KvCache> samples, ScalarType dtype, Device device, int blockTokens)
    {
        var joined = new KvCache(config, samples.Count, dtype, device, blockTokens);
        for (var l = 0; l < config.Layers; l++)
            joined.layers[l].Replace(CompressedLayer.Join([.. samples.Select(sample => sample.layers[l].Release())]));
        for (var b = 0; b < samples.Count; b++) joined.nextPositions[b] = samples[b].nextPositions[0];
        return joined;
    }

    /// <summary>Moves every sample on by as many tokens.</summary>
    public void Advance(int tokens)
    {
        for (var b = 0; b < nextPositions.Length; b++) nextPositions[b] += tokens;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in layers) layer.Dispose();
    }
}
