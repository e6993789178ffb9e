using System.Text.Json.Nodes;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Records;
using LST.Notebooks.Figures;

namespace LST.Notebooks.Tests.Figures;

/// <summary>Invented tables of benchmarks. A view keeps what it computed and serves one thread: each test gets its own.</summary>
internal static class SampleScores
{
    /// <summary>A table whose rows answer so many of eight items of each task.</summary>
    /// <param name="benchmark">Its name.</param>
    /// <param name="tasks">Tasks; every one has eight items of 512 tokens.</param>
    /// <param name="rows">Method, ratio, and how many items of each task it answers.</param>
    public static BenchmarkTable Of(string benchmark, string[] tasks, params (string Method, double Ratio, int[] Right)[] rows) => BenchmarkTable.Join([Record(benchmark, tasks, rows)])[0];

    public static ScoreView Small => new(Of("ruler", ["niah_single_1", "vt"], ("dense", 1, [8, 7]), ("lst", 2, [8, 7]), ("lst", 4, [8, 6]), ("h2o", 2, [4, 4]), ("h2o", 4, [1, 2]), ("mean:log-mass=true", 2, [3, 0]), ("mean:log-mass=true", 4, [0, 0])));

    /// <summary>As many methods as the registry has, and tasks with long names.</summary>
    public static ScoreView Wide => new(Of("ruler", ["niah_single_1", "niah_single_2", "niah_single_3", "niah_multikey_1", "niah_multikey_2", "niah_multivalue", "niah_multiquery", "vt"],
    [
        ("dense", 1, [8, 8, 8, 7, 8, 6, 7, 5]),
        .. from method in Palette.Methods.Except(["dense"]).Index() from ratio in new[] { 2.0, 4, 8 } select (method.Item, ratio, Enumerable.Range(0, 8).Select(task => (int)((method.Index * 7 + task * 3) % 9 / Math.Sqrt(ratio / 2))).ToArray()),
    ]));

    public static ScoreView Equal => new(Of("ruler", ["niah_single_1", "vt"], ("dense", 1, [8, 7]), ("lst", 4, [8, 6]), ("h2o", 4, [7, 7])));

    public static ScoreView DenseAlone => new(Of("ruler", ["vt"], ("dense", 1, [7])));

    public static ScoreView Losses => new(BenchmarkTable.Join([Record("recall", ["repeats"], [("dense", 1, [2]), ("lst", 2, [3]), ("h2o", 2, [6])], isLoss: true)])[0]);

    public static ScoreView FewShot => new(BenchmarkTable.Join([Record("zeroshot", ["piqa"], [("dense", 1, [6]), ("lst", 2, [5])], shots: 5)])[0]);

    private static BenchmarkRecord Record(string benchmark, string[] tasks, (string Method, double Ratio, int[] Right)[] rows, bool isLoss = false, int shots = 0)
    {
        var lines = from row in rows
                    from task in tasks.Index()
                    from item in Enumerable.Range(0, 8)
                    select new ItemLine
                    {
                        Task = task.Item, ItemId = $"{item}", ItemIndex = item, Method = row.Method, Options = [], RatioRequested = row.Ratio, Mode = "query-agnostic", TokensCtx = 500, KvEntriesFull = 4000, KvEntriesKept = (long)(4000 / row.Ratio),
                        CacheBytesFull = 4000 * 512, CacheBytesKept = ((long)(4000 / row.Ratio) * 512) + (row.Method == "lst" ? 4000 : 0), Gold = "x", Prediction = "x", Score = isLoss ? row.Right[task.Index] + (item * 0.25) : item < row.Right[task.Index] ? 1 : 0, ParityFlags = [], Length = 512,
                    };
        return new BenchmarkRecord
        {
            Id = $"{benchmark}-lst-ref-00000000", Created = "2026-01-01T00:00:00Z", Command = $"./lst eval {benchmark}", Options = shots == 0 ? [] : new JsonObject { ["shots"] = shots }, Model = new ModelIdentity("lst-ref", "model.safetensors", "aa", 1), Seed = 0, Dtype = "float32", Device = "cpu", Backend = "cpu",
            Threads = 1, Versions = new RunVersions("0.1.0", "abcdef0123", false, "10", null, null), WallSeconds = 1, PeakMemoryBytes = 1, Benchmark = benchmark, Mode = "query-agnostic", Data = new Dictionary<string, string>(),
            Methods = rows.Select(row => row.Method).Distinct().ToDictionary(method => method, _ => new JsonObject()), Cells = [.. lines.GroupBy(line => line.Task).SelectMany(task => new BenchmarkCells().Of([.. task], isLoss ? "nll" : "score", isLoss))],
        };
    }
}
