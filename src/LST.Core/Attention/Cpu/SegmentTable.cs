using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Attention.Cpu;

/// <summary>
/// The segments that each sample and KV head attends to in one layer, heads in the order b · H_kv + h. A cache fills it anew for each layer and step:
/// <see cref="Clear"/>, then for each head some <see cref="Add"/> and one <see cref="EndHead"/>. Once grown, it allocates nothing.
/// </summary>
internal sealed unsafe class SegmentTable : IDisposable
{
    private readonly AlignedBuffer<KvSegment> _segments = new(64);
    private readonly AlignedBuffer<int> _ends = new(16);
    private int _count;

    /// <summary>Heads that were ended so far.</summary>
    public int Heads { get; private set; }

    /// <summary>Forgets all heads.</summary>
    public void Clear() => (_count, Heads) = (0, 0);

    /// <summary>Appends slots to the current head; an empty segment is left out.</summary>
    public void Add(in KvSegment segment)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(segment.Length, nameof(segment));
        if (segment.Length == 0) return;
        if (_count == _segments.Length) _segments.Require(2L * _count);
        _segments.Pointer[_count++] = segment;
    }

    /// <summary>Ends the current head; the next <see cref="Add"/> belongs to the head after it.</summary>
    public void EndHead()
    {
        if (Heads == _ends.Length) _ends.Require(2L * Heads);
        _ends.Pointer[Heads++] = _count;
    }

    /// <summary>Segments of head b · H_kv + h.</summary>
    public ReadOnlySpan<KvSegment> this[int head]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)head, (uint)Heads, nameof(head));
            var first = head == 0 ? 0 : _ends.Pointer[head - 1];
            return new ReadOnlySpan<KvSegment>(_segments.Pointer + first, _ends.Pointer[head] - first);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _segments.Dispose();
        _ends.Dispose();
    }
}
