using System.Text.Json.Nodes;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Evaluation.Tests.Benchmarks.Items;

/// <summary>Invented runs: what an item scores depends on its place and row alone.</summary>
internal static class ExampleLines
{
    public static readonly ItemRow[] Rows = [new("dense", 1), new("h2o:recent=0", 2), new("snapkv", 2), new("snapkv", 4)];

    public static ItemLine Line(int item, ItemRow row, string task = "recall", double? score = null) => new()
    {
        Task = task,
        ItemId = $"A-{item}",
        ItemIndex = item,
        Method = row.Method,
        Options = new JsonObject { ["sinks"] = 4, ["normalize"] = "none" },
        RatioRequested = row.RatioRequested,
        Mode = "query-agnostic",
        TokensCtx = 500 + item,
        KvEntriesFull = 1000 + item,
        KvEntriesKept = (long)((1000 + item) / row.RatioRequested),
        CacheBytesFull = 512 * (1000 + item),
        CacheBytesKept = 512 * (long)((1000 + item) / row.RatioRequested),
        Prediction = $"7{item}\n\"é😀\u2028",
        Gold = new JsonArray("7", "8"),
        Score = score ?? (item * 7 + row.Method.Length + (int)row.RatioRequested) % 3 / 2.0,
        ParityFlags = ["rouge_l_recursion_limit"],
    };

    public static ItemManifest Manifest(params string[] methods) => new()
    {
        Benchmark = "recall",
        Mode = "query-agnostic",
        Model = "lst-ref",
        WeightsSha256 = new string('a', 64),
        Seed = 0,
        Settings = new JsonObject { ["dtype"] = "float32", ["equal"] = "slots" },
        Methods = methods.ToDictionary(method => method, method => new JsonObject { ["sinks"] = method.Length }),
        Data = new Dictionary<string, string> { ["recall/dev.jsonl"] = new string('b', 64) },
    };

    /// <summary>Runs items that are not in the log yet, and stops in front of the one numbered <paramref name="stopBefore"/>.</summary>
    public static void Run(string folder, int items, Shard shard = default, string task = "recall", int stopBefore = int.MaxValue)
    {
        using var log = ItemFolder.Open(folder, Manifest("dense", "h2o:recent=0", "snapkv")).Log(task, shard);
        foreach (var (index, item) in ItemSelection.Of(Enumerable.Range(0, items).ToArray(), shard: shard))
        {
            if (index >= stopBefore) return;
            log.Append([.. Rows.Where(row => !log.Contains($"A-{item}", row)).Reverse().Select(row => Line(item, row, task))]);
        }
    }
}
