using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Records;

namespace LST.Cli.Commands.Benchmarks;

/// <summary>Samples of RULER's tasks from a file that RULER wrote; each line is scored under its own task.</summary>
internal sealed class RulerFilePlan : IBenchmarkPlan
{
    private readonly string name;
    private readonly IReadOnlyList<IGrouping<RulerTask, RulerFileItem>> tasks;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="wanted">Only these tasks; null: all that are in the file.</param>
    /// <exception cref="DataException">The file cannot be read, or a line is no sample.</exception>
    /// <exception cref="UsageException">A task that is asked for has no line.</exception>
    public RulerFilePlan(string path, IReadOnlyList<RulerTask>? wanted)
    {
        name = Path.GetFileName(path);
        var all = RulerFile.Read(path).GroupBy(item => item.Task).ToList();
        if (wanted?.FirstOrDefault(task => !all.Exists(group => group.Key == task)) is { } missing)
            throw new UsageException($"--tasks {missing}: '{name}' has no sample of it, but of {string.Join(", ", all.Select(group => group.Key))}; leave --tasks out, or give another file");
        tasks = [.. all.Where(group => wanted?.Contains(group.Key) != false)];
        Data = new Dictionary<string, string> { ["items"] = FileDigest.Of(path) };
    }

    // Lines of generated samples go into a folder of their own.
    public JsonObject SettingsObject => new() { ["samples"] = "file" };

    public IReadOnlyDictionary<string, string> Data { get; }

    public IReadOnlyList<string> Notes => [];

    public bool LimitsItself => true;

    public IReadOnlyList<IBenchmarkTask> Load(LoadedModel loaded, CompressedContexts contexts, CompressionMode mode, int? limit, CancellationToken cancel)
    {
        List<IBenchmarkTask> loadedTasks = [];
        foreach (var task in tasks)
        {
            // A limit is one of samples of a length and variant, as of those that are made here.
            List<(RulerFileItem Item, int Place)> items = [.. task.GroupBy(item => (item.Length, item.Variant)).SelectMany(cell => cell.Take(limit ?? int.MaxValue).Select((item, place) => (item, place)))];
            foreach (var (item, _) in items) RequireFit(loaded, item);
            loadedTasks.Add(new RulerBenchmark(loaded, contexts, task.Key, [.. items.Select(item => RulerItem.Of(item.Item, item.Place))], mode, []));
        }
        return loadedTasks;
    }

    private void RequireFit(LoadedModel loaded, RulerFileItem item)
    {
        var (tokens, most) = (PairEncoder.Of(loaded).Encode(item.Prompt.Text).Length + item.NewTokens, loaded.Model.Config.MaxPositions);
        if (tokens > most)
            throw new DataException($"{name}, sample {item.ItemId}: prompt and answer must fit into the {most} positions that model '{loaded.Identity.Name}' was trained on, but they take {tokens}; give shorter samples, or another model.");
    }
}
