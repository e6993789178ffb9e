using System.Text.Json.Nodes;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Records;
using LST.Evaluation.Tests.Benchmarks.Items;

namespace LST.Evaluation.Tests.Benchmarks.Results;

/// <summary>Invented records of benchmarks.</summary>
internal static class BenchmarkExamples
{
    public static readonly ItemRow Dense = new("dense", 1), Snap = new("snapkv", 2), H2O = new("h2o", 4);

    public static ItemLine Line(int item, ItemRow row, double score, string task = "vt", int? length = 512) => ExampleLines.Line(item, row, task, score) with { Length = length };

    public static IEnumerable<ItemLine> Lines(ItemRow row, string task, int? length, params double[] scores) => scores.Select((score, item) => Line(item, row, score, task, length));

    public static BenchmarkRecord Record(IEnumerable<ItemLine> lines, string created = "2026-01-01T00:00:00Z", string headline = "score", bool smallerIsBetter = false, JsonObject? settings = null, string data = "a")
    {
        var all = lines.ToList();
        return new BenchmarkRecord
        {
            Created = created,
            Command = "./lst eval ruler",
            Options = settings ?? new JsonObject { ["variant"] = "short", ["limit"] = all.Count },
            Model = new ModelIdentity("lst-ref", "model.safetensors", new string('a', 64), 8),
            Seed = 0,
            Dtype = "float32",
            Device = "cpu",
            Backend = "cpu",
            Threads = 1,
            Versions = new RunVersions("0.1", new string('c', 40), false, ".NET", null, null),
            WallSeconds = 1,
            PeakMemoryBytes = 1,
            Benchmark = "ruler",
            Mode = "query-agnostic",
            Data = new Dictionary<string, string> { ["haystack"] = data },
            Methods = all.Select(line => line.Method).Distinct().ToDictionary(method => method, _ => new JsonObject { ["sinks"] = 4 }),
            Cells = [.. all.GroupBy(line => line.Task).SelectMany(task => new BenchmarkCells().Of([.. task], headline, smallerIsBetter))],
        };
    }
}
