using LST.Core.Attention.Cpu;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Models.Decoding;

/// <summary>
/// A plain dense cache in native memory, in blocks of [B, H_kv, block, D] per layer: what a decode step needs where no compressed cache is at hand
/// (measurements, tests).
/// </summary>
internal sealed unsafe class BlockDecodeCache : IDecodeCache, IDisposable
{
    private readonly int _batch;
    private readonly int _heads;
    private readonly int _headDim;
    private readonly int _blockTokens;
    private readonly ElementType _type;
    private readonly List<(AlignedBuffer<byte> Keys, AlignedBuffer<byte> Values)>[] _blocks;
    private readonly int[] _lengths;

    /// <summary>An empty cache for <paramref name="batch"/> samples that start at position 0.</summary>
    public BlockDecodeCache(ModelConfig config, int batch, ElementType type, int blockTokens = 256)
    {
        (_batch, _heads, _headDim, _blockTokens, _type) = (batch, config.KeyValueHeads, config.HeadDim, blockTokens, type);
        _lengths = new int[config.Layers];
        _blocks = new List<(AlignedBuffer<byte>, AlignedBuffer<byte>)>[config.Layers];
        for (var l = 0; l < config.Layers; l++) _blocks[l] = [];
    }

    /// <summary>Tokens held by every layer (between steps).</summary>
    public int Length => _lengths[^1];

    /// <summary>Bytes that a step reads at the present length.</summary>
    public long BytesPerStep => 2L * _lengths.Length * _batch * _heads * Length * RowBytes;

    private nint RowBytes => (nint)_headDim * ElementSizes.Bytes(_type);

    /// <inheritdoc/>
    public void Append(int layer, float* keys, float* values)
    {
        var row = _lengths[layer]++ % _blockTokens;
        var blocks = _blocks[layer];
        if (row == 0)
        {
            var bytes = (long)_batch * _heads * _blockTokens * RowBytes;
            blocks.Add((new AlignedBuffer<byte>(bytes), new AlignedBuffer<byte>(bytes)));
        }

        var (blockKeys, blockValues) = blocks[^1];
        for (nint head = 0; head < _batch * _heads; head++)
        {
            var target = (head * _blockTokens + row) * RowBytes;
            ElementConversion.Narrow(keys + head * _headDim, blockKeys.Pointer + target, _type, _headDim);
            ElementConversion.Narrow(values + head * _headDim, blockValues.Pointer + target, _type, _headDim);
        }
    }

    /// <inheritdoc/>
    public void DescribeSegments(int layer, SegmentTable table)
    {
        for (nint head = 0; head < _batch * _heads; head++)
        {
            for (var i = 0; i < _blocks[layer].Count; i++)
            {
                var (keys, values) = _blocks[layer][i];
                var offset = head * _blockTokens * RowBytes;
                var first = i * _blockTokens;
                table.Add(new KvSegment(keys.Pointer + offset, values.Pointer + offset, Math.Min(_blockTokens, _lengths[layer] - first), first));
            }

            table.EndHead();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (keys, values) in _blocks.SelectMany(b => b))
        {
            keys.Dispose();
            values.Dispose();
        }
    }
}
