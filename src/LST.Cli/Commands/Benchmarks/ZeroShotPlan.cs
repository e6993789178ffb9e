using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Benchmarks.ZeroShot.Rolling;

namespace LST.Cli.Commands.Benchmarks;

/// <summary>Likelihood tasks, read.</summary>
/// <param name="tasks">Items of tasks with choices, and their training splits where examples are wanted and one is here.</param>
/// <param name="shots">Examples in front of each item.</param>
/// <param name="maxLength">Ids that are read at once; null: the model's trained length.</param>
/// <param name="bos">Whether BOS goes in front of every context.</param>
/// <param name="documents">Documents of the rolling perplexity; null: not asked for.</param>
internal sealed class ZeroShotPlan(IReadOnlyList<(ZeroShotItems Items, ZeroShotItems? Training)> tasks, int shots, int? maxLength, bool bos, RollingItems? documents) : IBenchmarkPlan
{
    // In the place of the digest of a training split.
    private const string HeldBack = "the last 100 items of the file", Evaluated = "the items of the file";

    // Tasks with examples are other tables than those without.
    public JsonObject SettingsObject
    {
        get
        {
            var settings = new JsonObject { ["protocol"] = ZeroShotBenchmark.Mode };
            if (shots > 0) settings["shots"] = shots;
            if (maxLength is { } most) settings["max_length"] = most;
            if (!bos) settings["bos"] = false;
            return settings;
        }
    }

    // Examples come from the training split: with another one they are other prompts.
    public IReadOnlyDictionary<string, string> Data => tasks.SelectMany(task => new[] { (Name: task.Items.Task.Name, Sha256: task.Items.Sha256), (Name: $"{task.Items.Task.Name} training", Sha256: task.Training?.Sha256 ?? (shots == 0 ? "" : DrawsFromItself(task.Items) ? Evaluated : HeldBack)) })
        .Append((Name: RollingBenchmark.TaskName, Sha256: documents?.Sha256 ?? "")).Where(file => file.Sha256.Length > 0).ToDictionary(file => file.Name, file => file.Sha256);

    public IReadOnlyList<string> Notes => shots == 0 ? [] : [.. tasks.Where(task => task.Training is null).Select(task => $"{task.Items.Task.Name}: no training split is here, so that examples are {(DrawsFromItself(task.Items) ? "other items of the file" : $"{HeldBack}, which are not scored")}")];

    /// <summary>Short name of the model, once tasks are loaded.</summary>
    public string? Model { get; private set; }

    public string ModeName(CompressionMode mode) => ZeroShotBenchmark.Mode;

    public IReadOnlyList<IBenchmarkTask> Load(LoadedModel loaded, CompressedContexts contexts, CompressionMode mode, int? limit, CancellationToken cancel)
    {
        Model = loaded.Identity.Name;
        if (maxLength > loaded.Model.Config.MaxPositions) throw new UsageException($"--max-length {maxLength}: model '{loaded.Identity.Name}' was trained on {loaded.Model.Config.MaxPositions} positions; give no more");
        var encoder = PairEncoder.Of(loaded, addPrefix: bos);
        var scorer = new ZeroShotScorer(loaded, contexts, encoder, maxLength);
        List<IBenchmarkTask> made = [.. tasks.Select(task => new ZeroShotBenchmark(scorer, task.Items.Task, Documents(task.Items, task.Training), shots))];
        if (documents is not null) made.Add(new RollingBenchmark(new RollingPerplexity(loaded, encoder, maxLength), documents.Pages));
        return made;
    }

    // A file that is too short to hold items back, of a task whose draws leave the item itself out.
    private static bool DrawsFromItself(ZeroShotItems items) => !items.Task.HasTestSplit && items.Documents.Count <= FewShotSampler.UsualPool;

    private IReadOnlyList<ZeroShotDocument> Documents(ZeroShotItems items, ZeroShotItems? training)
    {
        if (shots == 0) return items.Documents;
        var (scored, pool) = training is not null ? (items.Documents, training.Documents) : DrawsFromItself(items) ? (items.Documents, items.Documents) : FewShotSampler.HoldBack(items.Documents);
        var sampler = new FewShotSampler(items.Task, pool, shots);
        return [.. scored.Select(sampler.Next)];
    }
}
