using LST.Core.Compression;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>A row of a table: a method at a ratio. <c>dense</c> stands for the full cache, whatever its ratio.</summary>
/// <param name="Method">The method.</param>
/// <param name="Ratio">r.</param>
public sealed record ZeroShotRow(MethodSpec Method, Ratio Ratio)
{
    /// <summary>The full cache.</summary>
    public bool IsDense => Method.Name == "dense";

    /// <summary>
    /// Whether a method leaves a context as it is because its observation window would see all of it: such rows would measure another method. A smaller window is asked for as a variant, e.g.
    /// <c>snapkv:observe=n/2</c>.
    /// </summary>
    /// <param name="tokens">n', ids that may be compressed.</param>
    public bool LeavesWhole(int tokens) => Method.Options.Values.TryGetValue("observe", out var window) && window.Length > 0
        && tokens <= Method.Options.Slots("observe", Math.Clamp(Ratio.Slots(tokens), 1, tokens), Ratio);
}

/// <summary>What one row makes of one item.</summary>
/// <param name="Row">The row.</param>
/// <param name="Requests">One score a request, in the order of the choices.</param>
/// <param name="Caches">How far the item's contexts were compressed.</param>
public sealed record ZeroShotRowScore(ZeroShotRow Row, IReadOnlyList<ContinuationScore> Requests, CacheTally Caches);

/// <summary>Caches of contexts, of one item or of many: what could be compressed and what was kept.</summary>
/// <param name="Items">Items.</param>
/// <param name="CompressedItems">Items of which any context was compressed.</param>
/// <param name="Contexts">Contexts; requests of an item that share one count once.</param>
/// <param name="Tokens">Ids that could be compressed, n' of every context: all but the last.</param>
/// <param name="FullEntries">Entries of the full caches, all layers and KV heads.</param>
/// <param name="KeptEntries">Entries that were kept.</param>
public readonly record struct CacheTally(int Items, int CompressedItems, int Contexts, long Tokens, long FullEntries, long KeptEntries)
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
        a.Tokens + b.Tokens, a.FullEntries + b.FullEntries, a.KeptEntries + b.KeptEntries);

    /// <summary>All items of a row.</summary>
    public static CacheTally Sum(IEnumerable<CacheTally> items) => items.Aggregate(default(CacheTally), (sum, item) => sum + item);
}
