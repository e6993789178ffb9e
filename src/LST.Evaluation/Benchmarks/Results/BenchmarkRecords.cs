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
    public static IReadOnlySet<string> Choices { get; } = new HashSet<string> { "tasks", "methods", "ratios", "limit", "lengths", "depths" };

    /// <summary>The record of a run.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="contexts">What rows have beyond their options.</param>
    /// <param name="folder">Where its lines are.</param>
    /// <param name="run">What was asked for.</param>
    /// <param name="command">What makes it again.</param>
    /// <param name="elapsed">Time of the run, or of its last part.</param>
    /// <exception cref="DataException">A row lacks items.</exception>
    public static BenchmarkRecord Of(LoadedModel loaded, CompressedContexts contexts, ItemFolder folder, AskedRun run, string command, TimeSpan elapsed)
    {
        var cells = new BenchmarkCells(folder.Manifest.Seed);
        var methods = run.Rows.GroupBy(row => row.Method.Typed).ToDictionary(method => method.Key, method => Options([.. method], contexts));
        return new BenchmarkRecord
        {
            Command = command,
            Options = new JsonObject([.. folder.Manifest.Settings.Concat(run.Choices).Select(option => KeyValuePair.Create(option.Key, option.Value?.DeepClone()))]),
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
            Mode = Mode(run.Tasks.SelectMany(task => task.Lines), folder.Manifest.Mode),
            Data = run.Data,
            ScoredBy = folder.Manifest.Commits,
            Methods = methods,
            Notes = run.Notes.Count == 0 ? null : run.Notes,
            Cells = [.. run.Tasks.Where(task => task.Lines.Count > 0).SelectMany(task => Cells(cells, task.Task, task.Lines))],
        };
    }

    /// <summary>A stored record of the same command with the same scores; null: there is none. Files that are broken are passed over: they must not keep a finished run from its record.</summary>
    public static BenchmarkRecord? Same(RecordStore store, BenchmarkRecord record) => store.ReadWhole<BenchmarkRecord>(BenchmarkRecord.RecordKind).FirstOrDefault(known => known.Command == record.Command
        && known.Model == record.Model && JsonNode.DeepEquals(Content(known), Content(record)));

    /// <summary>Digests of the weights of learned rows, as folders keep them.</summary>
    public static IReadOnlyDictionary<string, string> Sidecars(IEnumerable<BenchmarkRow> rows, CompressedContexts contexts) => rows
        .Select(row => (Name: FormattableString.Invariant($"{row.Method.Typed}@{row.Ratio.Value}"), Digest: contexts.Details(row)?["file-sha256"]?.GetValue<string>()))
        .Where(row => row.Digest is not null).ToDictionary(row => row.Name, row => row.Digest!);

    private static IReadOnlyList<BenchmarkCell> Cells(BenchmarkCells cells, IBenchmarkTask task, IReadOnlyList<ItemLine> lines)
    {
        var indexOf = Enumerable.Range(0, task.Count).ToDictionary(task.ItemId, StringComparer.Ordinal);
        return cells.Of(lines, task.Headline, task.SmallerIsBetter, task.PerplexityOf, item => task.PlaceOf(indexOf[item]), item => task.ContextsOf(indexOf[item]));
    }

    // Rolling windows stand in the folder of the likelihood tasks, but nothing is compressed in them.
    private static string Mode(IEnumerable<ItemLine> lines, string folder) => lines.Select(line => line.Mode).Distinct().Take(2).ToList() is [var only] ? only : folder;

    private static JsonObject Options(IReadOnlyList<BenchmarkRow> rows, CompressedContexts contexts)
    {
        var options = PerplexityNames.Json(rows[0].Method.Options);
        var at = new JsonObject([.. rows.Select(row => (row.Ratio, Details: contexts.Details(row))).Where(row => row.Details is not null)
            .Select(row => KeyValuePair.Create(row.Ratio.Value.ToString(System.Globalization.CultureInfo.InvariantCulture), row.Details!.DeepClone()))!]);
        if (at.Count > 0) options["at"] = at;
        return options;
    }

    private static JsonNode Content(BenchmarkRecord record) => System.Text.Json.JsonSerializer.SerializeToNode(new { record.Options, record.Methods, record.Cells }, RecordJson.Options)!;
}
