namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>Caches of contexts, of one item or of many: what could be compressed and what was kept.</summary>
/// <param name="Items">Items.</param>
/// <param name="CompressedItems">Items of which any context was compressed.</param>
/// <param name="Contexts">Contexts; requests of an item that share one count once.</param>
/// <param name="Tokens">Ids that could be compressed, n' of every context: all but the last.</param>
/// <param name="FullEntries">Entries of the full caches, all layers and KV heads.</param>
/// <param name="KeptEntries">Entries that were kept.</param>
/// <param name="FullBytes">Bytes of the full caches, as a packed cache holds them.</param>
/// <param name="KeptBytes">Bytes of what was kept: keys, values, bias, positions.</param>
public readonly record struct CacheTally(int Items, int CompressedItems, int Contexts, long Tokens, long FullEntries, long KeptEntries, long FullBytes = 0, long KeptBytes = 0)
{
    /// <summary>Below this a row claims no accuracy under compression.</summary>
    public const double LeastRatio = 1.05;

    /// <summary>Whether anything was compressed at all; an item of which nothing was is scored on the full cache.</summary>
    public bool IsAnyCompressed => CompressedItems > 0;

    /// <summary>Mean n' of a context.</summary>
    public double MeanTokens => Contexts == 0 ? 0 : (double)Tokens / Contexts;

    /// <summary>Share of the items with any compression.</summary>
    public double CompressedShare => Items == 0 ? 0 : (double)CompressedItems / Items;

    /// <summary>Pooled effective ratio: entries of the full caches over those that were kept; 1 where there was nothing to compress.</summary>
    public double RatioEffective => KeptEntries == 0 ? 1 : (double)FullEntries / KeptEntries;

    /// <summary>Whether the pooled ratio is large enough to call the row compressed; else a table says "not compressed".</summary>
    public bool IsCompressed => RatioEffective >= LeastRatio;

    /// <summary>Both together.</summary>
    public static CacheTally operator +(CacheTally a, CacheTally b) => new(a.Items + b.Items, a.CompressedItems + b.CompressedItems, a.Contexts + b.Contexts,
        a.Tokens + b.Tokens, a.FullEntries + b.FullEntries, a.KeptEntries + b.KeptEntries, a.FullBytes + b.FullBytes, a.KeptBytes + b.KeptBytes);

    /// <summary>All items of a row.</summary>
    public static CacheTally Sum(IEnumerable<CacheTally> items) => items.Aggregate(default(CacheTally), (sum, item) => sum + item);
}
