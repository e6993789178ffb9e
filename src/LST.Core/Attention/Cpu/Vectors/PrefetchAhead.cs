namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>Cache that prefetched memory goes to.</summary>
internal enum CacheLevel
{
    /// <summary>For what is used within a few kilobytes.</summary>
    First,

    /// <summary>For what would push the present work out of the first level.</summary>
    Second,
}

/// <summary>Memory that is wanted soon.</summary>
/// <param name="address">Where it begins; need not be readable.</param>
/// <param name="level">Where it is put.</param>
internal readonly unsafe struct PrefetchAhead(byte* address, CacheLevel level)
{
    /// <summary>Largest block of rows whose successor still fits the first level beside it, in bytes.</summary>
    private const int FirstLevelBlockBytes = 12 * 1024;

    /// <summary>Distance beyond the next block where the second level is used, in bytes.</summary>
    private const int SecondLevelDistance = 4096;

    /// <summary>Where it begins.</summary>
    public readonly byte* Address = address;

    /// <summary>Where it is put.</summary>
    public readonly CacheLevel Level = level;

    /// <summary>What to prefetch during a block of rows: the block after it; the block itself where <paramref name="end"/> comes first.</summary>
    public static PrefetchAhead OfBlock(byte* block, nint blockBytes, byte* end)
    {
        var next = block + blockBytes;
        if (next >= end) return new PrefetchAhead(block, CacheLevel.First);
        return blockBytes <= FirstLevelBlockBytes ? new PrefetchAhead(next, CacheLevel.First) : new PrefetchAhead(next + SecondLevelDistance, CacheLevel.Second);
    }
}
