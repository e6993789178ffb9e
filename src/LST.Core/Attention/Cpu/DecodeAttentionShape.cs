using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Attention.Cpu;

/// <summary>What does not change from step to step.</summary>
/// <param name="KeyValueHeads">KV heads H_kv.</param>
/// <param name="GroupSize">Query heads G of a KV head; H_q = H_kv · G and query head h reads KV head h / G.</param>
/// <param name="HeadDim">Head dimension D, even.</param>
/// <param name="Type">Storage of keys and values.</param>
/// <param name="SlidingWindow">Window W: a query at position t sees positions above t − W; null: all.</param>
internal sealed record DecodeAttentionShape(int KeyValueHeads, int GroupSize, int HeadDim, ElementType Type, int? SlidingWindow = null)
{
    /// <summary>Query heads H_q.</summary>
    public int QueryHeads => KeyValueHeads * GroupSize;

    /// <summary>Factor of the dot products, 1/√D.</summary>
    public float Scale => (float)(1 / Math.Sqrt(HeadDim));

    /// <summary>Bytes of a key or value row.</summary>
    public nint RowBytes => (nint)HeadDim * ElementSizes.Bytes(Type);

    /// <summary>Oldest position that a query at <paramref name="position"/> sees.</summary>
    public int OldestVisible(int position) =>
        SlidingWindow is { } window ? (int)Math.Max(int.MinValue, (long)position - window + 1) : int.MinValue;
}
