namespace LST.Core.Attention.Cpu;

/// <summary>A running softmax of one query row over the slots seen so far.</summary>
internal struct RunningSoftmax
{
    /// <summary>Largest logit; −∞ while nothing was seen.</summary>
    public float Max;

    /// <summary>Σ exp(logit − Max).</summary>
    public float Sum;
}

/// <summary>A range of a head's slots that one worker handles alone.</summary>
internal unsafe struct WorkItem
{
    /// <summary>b · H_kv + h.</summary>
    public int Head;

    /// <summary>First slot, counted over the head's segments.</summary>
    public int From;

    /// <summary>Slot after the last.</summary>
    public int To;

    /// <summary>Number of <see cref="Segments"/>.</summary>
    public int SegmentCount;

    /// <summary>All segments of the head.</summary>
    public KvSegment* Segments;

    /// <summary>State of each query row, [G].</summary>
    public RunningSoftmax* Running;

    /// <summary>Weighted sums of values [G, D]: the output itself if the item is the whole head.</summary>
    public float* Accumulators;

    /// <summary>The item covers all slots of its head and writes the final output.</summary>
    public bool IsWhole;
}

/// <summary>What all workers share during one attention.</summary>
internal unsafe struct AttentionJob
{
    /// <summary>Ranges to be done.</summary>
    public WorkItem* Items;

    /// <summary>Queries [B, H_q, D].</summary>
    public float* Queries;

    /// <summary>Oldest visible position of each sample, [B].</summary>
    public int* OldestVisible;

    /// <summary>Scratch of worker w begins at w · <see cref="ScratchStride"/>.</summary>
    public float* Scratch;

    /// <summary>Floats of one worker's scratch.</summary>
    public int ScratchStride;

    /// <summary>H_kv.</summary>
    public int KeyValueHeads;

    /// <summary>G.</summary>
    public int GroupSize;

    /// <summary>D.</summary>
    public int HeadDim;

    /// <summary>Factor of the dot products.</summary>
    public float Scale;
}
