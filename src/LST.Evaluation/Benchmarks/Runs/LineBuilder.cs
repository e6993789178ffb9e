using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Perplexity;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>What lines of all tasks have in common.</summary>
internal static class LineBuilder
{
    /// <summary>A line without its answer.</summary>
    public static ItemLine Of(IBenchmarkTask task, int index, BenchmarkRow row, CacheTally tally, string mode) => new()
    {
        Task = task.Name,
        ItemId = task.ItemId(index),
        ItemIndex = task.OrderOf(index),
        Method = row.Method.Typed,
        Options = PerplexityNames.Json(row.Method.Options),
        RatioRequested = row.Ratio.Value,
        Mode = mode,
        TokensCtx = (int)tally.Tokens,
        Contexts = tally.Contexts > 1 ? tally.Contexts : null,
        KvEntriesFull = tally.FullEntries,
        KvEntriesKept = tally.KeptEntries,
        CacheBytesFull = tally.FullBytes,
        CacheBytesKept = tally.KeptBytes,
        Compressed = row.IsDense ? null : tally.CompressedItems > 0,
        Gold = null,
        Score = 0,
        ParityFlags = [],
    };
}
