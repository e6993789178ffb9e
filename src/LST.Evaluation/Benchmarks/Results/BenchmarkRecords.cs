using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using static TorchSharp.torch;

namespace LST.Evaluation.Benchmarks.Results;

/// <summary>Records of finished benchmark runs.</summary>
public static class BenchmarkRecords
{
    /// <summary>Members of a record's options that only choose which rows and items were run; all others change a score.</summary>
    public static IReadOnlySet<string> Choices { get; } = new HashSet<string> { "tasks", "methods", "ratios", "limit" };

    /// <summary>The record of a run.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="folder">Where its lines are.</param>
    /// <param name="settings">What was asked for.</param>
    /// <param name="asked">Its lines by task (<see cref="BenchmarkRun.Asked"/>).</param>
    /// <param name="command">What makes it again.</param>
    /// <param name="elapsed">Time of the run, or of its last part.</param>
    /// <param name="notes">What could not be run.</param>
    /// <exception cref="DataException">A row lacks items.</exception>
    public static BenchmarkRecord Of(
        LoadedModel loaded, ItemFolder folder, BenchmarkSettings settings, IReadOnlyList<(IBenchmarkTask Task, IReadOnlyList<ItemLine> Lines)> asked, string command, TimeSpan elapsed, IReadOnlyList<string> notes)
    {
        var cells = new BenchmarkCells(folder.Manifest.Seed);
        var used = asked.SelectMany(task => task.Lines).Select(line => line.Method).ToHashSet(StringComparer.Ordinal);
        return new BenchmarkRecord
        {
            Command = command,
            Options = new JsonObject(
            [
                .. folder.Manifest.Settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value?.DeepClone())),
                KeyValuePair.Create("tasks", (JsonNode?)new JsonArray([.. asked.Select(task => (JsonNode?)task.Task.Name)])),
                KeyValuePair.Create("methods", (JsonNode?)new JsonArray([.. settings.Methods.Select(method => (JsonNode?)method.Typed)])),
                KeyValuePair.Create("ratios", (JsonNode?)new JsonArray([.. settings.Ratios.Select(ratio => (JsonNode?)ratio.Value)])),
                KeyValuePair.Create("limit", (JsonNode?)settings.Limit),
            ]),
            Model = loaded.Identity,
            Seed = folder.Manifest.Seed,
            Dtype = PerplexityNames.Dtype(loaded.Model.Dtype),
            Device = loaded.Model.Device.type == TorchSharp.DeviceType.CPU ? "cpu" : loaded.Model.Device.ToString(),
            Backend = loaded.Model.Attention.Name,
            Threads = get_num_threads(),
            Versions = MachineInfo.Versions(__version__, typeof(Tensor).Assembly.GetName().Version?.ToString(3)),
            WallSeconds = Math.Round(elapsed.TotalSeconds, 1),
            PeakMemoryBytes = MachineInfo.PeakMemoryBytes(),
            Benchmark = folder.Manifest.Benchmark,
            Mode = folder.Manifest.Mode,
            Data = folder.Manifest.Data,
            Methods = folder.Manifest.Methods.Where(method => used.Contains(method.Key)).ToDictionary(method => method.Key, method => method.Value.DeepClone().AsObject()),
            Notes = notes.Count == 0 ? null : notes,
            Cells = [.. asked.Where(task => task.Lines.Count > 0).SelectMany(task => cells.Of(task.Lines, task.Task.Headline, task.Task.SmallerIsBetter, task.Task.PerplexityOf, task.Task.DepthOf))],
        };
    }
}
