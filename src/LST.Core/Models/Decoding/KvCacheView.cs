using LST.Core.Attention.Cpu;
using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Caching;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Models.Decoding;

/// <summary>
/// A compressed cache as a decode step sees it: per head the packed slots of the prefix, then the blocks of the dense tail; nothing is padded or copied.
/// New rows are written into the tail in place. The caller moves the cache's positions on after the step, as after any segment.
/// </summary>
internal sealed unsafe class KvCacheView : IDecodeCache, IDisposable
{
    private readonly KvCache _cache;
    private readonly int _heads;
    private readonly int _headDim;
    private readonly ElementType _type;
    private readonly (CompressedLayer? Prefix, int Version, AlignedBuffer<int> Positions)[] _positions;

    /// <summary>A view of a cache on the CPU; the cache may be compressed anew between steps.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="config">Shape of its model.</param>
    /// <param name="type">Storage of keys and values.</param>
    public KvCacheView(KvCache cache, ModelConfig config, ElementType type)
    {
        (_cache, _heads, _headDim, _type) = (cache, config.KeyValueHeads, config.HeadDim, type);
        _positions = new (CompressedLayer?, int, AlignedBuffer<int>)[config.SlidingWindow is null ? 0 : config.Layers];
        for (var l = 0; l < _positions.Length; l++) _positions[l] = (null, 0, new AlignedBuffer<int>());
    }

    private nint RowBytes => (nint)_headDim * ElementSizes.Bytes(_type);

    /// <inheritdoc/>
    public void Append(int layer, float* keys, float* values)
    {
        var tail = _cache.Layers[layer].Tail;
        var (block, row) = tail.Reserve();
        byte* blockKeys = NativeMemory.DataOf(block.Keys), blockValues = NativeMemory.DataOf(block.Values);
        for (nint head = 0; head < _cache.Batch * _heads; head++)
        {
            var target = (head * tail.BlockTokens + row) * RowBytes;
            ElementConversion.Narrow(keys + head * _headDim, blockKeys + target, _type, _headDim);
            ElementConversion.Narrow(values + head * _headDim, blockValues + target, _type, _headDim);
        }

        tail.Advance();
    }

    /// <inheritdoc/>
    public void DescribeSegments(int layer, SegmentTable table)
    {
        var (prefix, tail) = (_cache.Layers[layer].Prefix, _cache.Layers[layer].Tail);
        byte* keys = null, values = null;
        float* bias = null;
        var positions = prefix is null || _positions.Length == 0 ? null : Positions(layer, prefix);
        if (prefix is not null)
        {
            keys = Rows(prefix.Keys);
            values = Rows(prefix.Values);
            if (prefix.Bias is { } mass) bias = (float*)NativeMemory.DataOf(mass);
        }

        for (var head = 0; head < _cache.Batch * _heads; head++)
        {
            if (prefix is not null)
            {
                int first = prefix.Offsets[head], length = prefix.Length(head / _heads, head % _heads);
                table.Add(new KvSegment(
                    keys + first * RowBytes, values + first * RowBytes, length, 0, bias is null ? null : bias + first, positions is null ? null : positions + first));
            }

            // The token of this step is held already, but the cache's positions move on only after the step.
            AddTail(tail, head, (int)_cache.NextPositions[head / _heads] + 1 - tail.Length, table);
            table.EndHead();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, _, positions) in _positions) positions.Dispose();
    }

    private void AddTail(DenseTail tail, nint head, int firstPosition, SegmentTable table)
    {
        var offset = head * tail.BlockTokens * RowBytes;
        int row = tail.FirstRow, length;
        for (var first = 0; first < tail.Length; first += length)
        {
            var (keys, values) = tail.Blocks[(tail.FirstRow + first) / tail.BlockTokens];
            length = Math.Min(tail.BlockTokens - row, tail.Length - first);
            var start = offset + row * RowBytes;
            table.Add(new KvSegment(NativeMemory.DataOf(keys) + start, NativeMemory.DataOf(values) + start, length, firstPosition + first));
            row = 0;
        }
    }

    private static byte* Rows(Tensor rows) => rows.is_contiguous()
        ? NativeMemory.DataOf(rows)
        : throw new ArgumentException("keys and values of a compressed layer must be contiguous", nameof(rows));

    /// <summary>Positions in memory that stays in place; copied when the prefix changes.</summary>
    private int* Positions(int layer, CompressedLayer prefix)
    {
        ref var known = ref _positions[layer];
        if (!ReferenceEquals(known.Prefix, prefix) || known.Version != prefix.Version)
        {
            known.Positions.Require(Math.Max(1, prefix.Positions.Length));
            prefix.Positions.CopyTo(new Span<int>(known.Positions.Pointer, prefix.Positions.Length));
            (known.Prefix, known.Version) = (prefix, prefix.Version);
        }

        return known.Positions.Pointer;
    }
}
