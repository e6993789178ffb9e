using System.Runtime.Intrinsics;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Attention.Cpu;

/// <summary>
/// Attention of one query token per sample over compressed and dense slots: softmax(q·k/√D + bias)·v in float32, as one running softmax over all segments.
/// Long heads are cut into ranges that are merged by their largest logits and sums; the cuts depend only on a head's number of slots, so that results have
/// the same bits for any number of workers and any batch.
/// </summary>
/// <remarks>A query that sees no slot gets zeros. Not for two threads at once.</remarks>
internal sealed unsafe class CpuDecodeAttention : IDisposable
{
    /// <summary>A head is cut into ranges of about this many slots, at most <see cref="MostRanges"/>.</summary>
    private const int RangeSlots = 256, MostRanges = 64;

    private const int TileSlots = AttentionPart<Float32Element, LanesScalar, float>.TileSlots;

    private readonly WorkerPool _pool;
    private readonly DecodeAttentionShape _shape;
    private readonly delegate*<void*, int, int, void> _body;
    private readonly AlignedBuffer<float> _scratch;
    private readonly int _scratchStride;
    private readonly AlignedBuffer<WorkItem> _items = new(64);
    private readonly AlignedBuffer<RunningSoftmax> _running = new(64);
    private readonly AlignedBuffer<float> _partials = new(64);
    private readonly AlignedBuffer<int> _oldest = new(16);

    /// <summary>Kernels for a shape; <paramref name="pool"/> stays the caller's.</summary>
    /// <exception cref="ArgumentException">A size is not positive, or D is odd.</exception>
    public CpuDecodeAttention(WorkerPool pool, DecodeAttentionShape shape)
        : this(pool, shape, VectorWidths.Best)
    {
    }

    /// <summary>As the other constructor, with vectors of at most a given width.</summary>
    internal CpuDecodeAttention(WorkerPool pool, DecodeAttentionShape shape, VectorWidth width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.KeyValueHeads, 1, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.GroupSize, 1, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.HeadDim, 2, nameof(shape));
        if (shape.HeadDim % 2 != 0) throw new ArgumentException($"head dimension must be even, got {shape.HeadDim}", nameof(shape));
        if (shape.SlidingWindow is < 1) throw new ArgumentException($"sliding window must be at least 1, got {shape.SlidingWindow}", nameof(shape));
        (_pool, _shape) = (pool, shape);
        _body = Body(shape.Type, VectorWidths.Dividing(shape.HeadDim, width));

        // Workers' scratches begin on cache lines of their own.
        _scratchStride = (AttentionPart<Float32Element, LanesScalar, float>.ScratchFloats(shape.GroupSize, shape.HeadDim) + 31) / 16 * 16;
        _scratch = new AlignedBuffer<float>((long)_scratchStride * pool.Workers);
    }

    /// <summary>One attention.</summary>
    /// <param name="queries">float32 [batch, H_q, D], rotated.</param>
    /// <param name="positions">Position of each sample's query, in tokens, [batch]; read only with a sliding window.</param>
    /// <param name="batch">Samples.</param>
    /// <param name="segments">Slots of each sample and KV head; batch · H_kv heads.</param>
    /// <param name="output">float32 [batch, H_q, D]; must not overlap the queries.</param>
    /// <exception cref="ArgumentException">The table has another number of heads.</exception>
    public void Run(float* queries, int* positions, int batch, SegmentTable segments, float* output)
    {
        if (segments.Heads != batch * _shape.KeyValueHeads)
        {
            throw new ArgumentException(
                $"the segment table must hold batch × H_kv = {batch} × {_shape.KeyValueHeads} heads, got {segments.Heads}", nameof(segments));
        }

        _oldest.Require(batch);
        for (var b = 0; b < batch; b++) _oldest.Pointer[b] = _shape.SlidingWindow is null ? int.MinValue : _shape.OldestVisible(positions[b]);
        var items = Plan(segments, output);
        var job = new AttentionJob
        {
            Items = _items.Pointer, Queries = queries, OldestVisible = _oldest.Pointer, Scratch = _scratch.Pointer, ScratchStride = _scratchStride,
            KeyValueHeads = _shape.KeyValueHeads, GroupSize = _shape.GroupSize, HeadDim = _shape.HeadDim, Scale = _shape.Scale,
        };
        _pool.Run(items, _body, &job);
        Merge(items, output);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scratch.Dispose();
        _items.Dispose();
        _running.Dispose();
        _partials.Dispose();
        _oldest.Dispose();
    }

    /// <summary>Cuts the heads into ranges; returns their number.</summary>
    private int Plan(SegmentTable segments, float* output)
    {
        int group = _shape.GroupSize, rowFloats = group * _shape.HeadDim;
        var count = 0;
        for (var head = 0; head < segments.Heads; head++)
        {
            var list = segments[head];
            var slots = 0;
            foreach (ref readonly var segment in list) slots = checked(slots + segment.Length);
            var ranges = Math.Clamp(slots / RangeSlots, 1, MostRanges);
            var rangeSlots = ((slots + ranges - 1) / ranges + TileSlots - 1) / TileSlots * TileSlots;
            _items.Require(Grown(_items.Length, count + ranges));
            fixed (KvSegment* first = list)
            {
                // An empty head still needs its one item, which writes zeros. The table's memory is native: the address stays.
                for (var from = 0; from < slots || from == 0; from += Math.Max(1, rangeSlots))
                {
                    _items.Pointer[count++] = new WorkItem
                    {
                        Head = head, From = from, To = Math.Min(slots, from + rangeSlots), Segments = first, SegmentCount = list.Length,
                        IsWhole = slots <= rangeSlots,
                    };
                }
            }
        }

        _running.Require(Grown(_running.Length, (long)count * group));
        _partials.Require(Grown(_partials.Length, (long)count * rowFloats));
        for (var i = 0; i < count; i++)
        {
            ref var item = ref _items.Pointer[i];
            item.Running = _running.Pointer + (nint)i * group;
            item.Accumulators = item.IsWhole ? output + (nint)item.Head * rowFloats : _partials.Pointer + (nint)i * rowFloats;
        }

        return count;
    }

    /// <summary>output = Σ_i e^(m_i − m)·acc_i / Σ_i e^(m_i − m)·sum_i over a head's ranges, in their order.</summary>
    private void Merge(int items, float* output)
    {
        int group = _shape.GroupSize, headDim = _shape.HeadDim;
        for (int first = 0, last; first < items; first = last)
        {
            last = first + 1;
            if (_items.Pointer[first].IsWhole) continue;
            while (last < items && _items.Pointer[last].Head == _items.Pointer[first].Head) last++;
            for (var g = 0; g < group; g++)
                MergeRow(first, last, g, new Span<float>(output + ((nint)_items.Pointer[first].Head * group + g) * headDim, headDim));
        }
    }

    private void MergeRow(int first, int last, int g, Span<float> row)
    {
        row.Clear();
        var max = float.NegativeInfinity;
        for (var i = first; i < last; i++) max = MathF.Max(max, _items.Pointer[i].Running[g].Max);
        if (float.IsNegativeInfinity(max)) return;
        var total = 0f;
        for (var i = first; i < last; i++)
        {
            var running = _items.Pointer[i].Running[g];
            var weight = MathF.Exp(running.Max - max);
            if (weight == 0f) continue;
            total += weight * running.Sum;
            var accumulators = new ReadOnlySpan<float>(_items.Pointer[i].Accumulators + (nint)g * row.Length, row.Length);
            for (var d = 0; d < row.Length; d++) row[d] += weight * accumulators[d];
        }

        foreach (ref var value in row) value /= total;
    }

    /// <summary>Doubles, so that a cache that grows by a slot a step rarely allocates.</summary>
    private static long Grown(long length, long required) => required <= length ? length : Math.Max(required, 2 * length);

    private static delegate*<void*, int, int, void> Body(ElementType type, VectorWidth width) => type switch
    {
        ElementType.Float32 => Body<Float32Element>(width),
        ElementType.BFloat16 => Body<BFloat16Element>(width),
        ElementType.Float16 => Body<Float16Element>(width),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
    };

    private static delegate*<void*, int, int, void> Body<TElement>(VectorWidth width)
        where TElement : struct, IElement => width switch
        {
            VectorWidth.Sixteen => &AttentionPart<TElement, Lanes512, Vector512<float>>.Run,
            VectorWidth.Eight => &AttentionPart<TElement, Lanes256, Vector256<float>>.Run,
            VectorWidth.Four => &AttentionPart<TElement, Lanes128, Vector128<float>>.Run,
            _ => &AttentionPart<TElement, LanesScalar, float>.Run,
        };
}
