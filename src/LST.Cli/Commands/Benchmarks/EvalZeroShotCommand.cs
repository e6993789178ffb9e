using System.ComponentModel;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Benchmarks.ZeroShot;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary><c>./lst eval zeroshot</c>.</summary>
public sealed class EvalZeroShotCommand : BenchmarkCommand<EvalZeroShotCommand.Flags>
{
    /// <summary>The tasks of the usual table.</summary>
    private const int Usual = 6;

    /// <summary>Its flags.</summary>
    public sealed class Flags : BenchmarkCommandSettings
    {
        /// <summary>Tasks.</summary>
        [CommandOption("--tasks <LIST>"), Description("Likelihood tasks, several by commas (default: piqa, winogrande, hellaswag, arc_easy, arc_challenge, openbookqa; also boolq, copa, lambada_openai).")]
        public string? Tasks { get; init; }

        /// <summary>Items.</summary>
        [CommandOption("--items <FILE>"), Description("The items of the one task that --tasks names, JSON lines in the form of its data set (default: the task's file of a data folder).")]
        public string? Items { get; init; }

        /// <summary>k.</summary>
        [CommandOption("--shots <K>"), DefaultValue("0"), Description("Examples in front of each item. Contexts without examples are short: little is left to compress.")]
        public string Shots { get; init; } = "0";

        /// <summary>Accepted because lm_eval has it; it changes nothing.</summary>
        [CommandOption("--batch-size <N>"), DefaultValue("1"), Description("Accepted as in lm_eval; items are scored one by one, so that it changes nothing.")]
        public string BatchSize { get; init; } = "1";
    }

    /// <inheritdoc/>
    protected override string Benchmark => "zeroshot";

    /// <inheritdoc/>
    protected override IBenchmarkPlan Plan(Flags settings)
    {
        if (settings.QueryAware) throw new UsageException("--query-aware: a likelihood task has no question apart from its context; leave it out");
        _ = Numbers.Positive("--batch-size", settings.BatchSize);
        var shots = (int)Numbers.Whole("--shots", settings.Shots, 0);
        IReadOnlyList<ZeroShotTask> tasks = settings.Tasks is null ? [.. ZeroShotTask.All.Take(Usual)] : [.. settings.Tasks.Split(',').Select(ZeroShotTask.Of).Distinct()];
        if (settings.Items is { } given && (settings.Tasks is null || tasks.Count > 1))
            throw new UsageException($"--items '{given}': a file holds the items of one task, but {(settings.Tasks is null ? "none is" : $"{tasks.Count} are")} named; give one name to --tasks");
        var catalog = ZeroShotCatalog.FromEnvironment();
        return new ZeroShotPlan([.. tasks.Select(task => (settings.Items is { } file ? ZeroShotCatalog.Read(task, ItemsFile.Require(file)) : catalog.Load(task), shots == 0 ? null : catalog.LoadTraining(task)))], shots);
    }

    private sealed class ZeroShotPlan(IReadOnlyList<(ZeroShotItems Items, ZeroShotItems? Training)> tasks, int shots) : IBenchmarkPlan
    {
        public JsonObject SettingsObject => new() { ["protocol"] = ZeroShotBenchmark.Mode };

        // Examples come from the training split: with another one they are other prompts.
        public IReadOnlyDictionary<string, string> Data => tasks.SelectMany(task => new[] { (Name: task.Items.Task.Name, Sha256: task.Items.Sha256), (Name: $"{task.Items.Task.Name} training", Sha256: task.Training?.Sha256 ?? "") })
            .Where(file => file.Sha256.Length > 0).ToDictionary(file => file.Name, file => file.Sha256);

        public IReadOnlyList<string> Notes => shots == 0 ? [] : [.. tasks.Where(task => task.Training is null).Select(task => $"{task.Items.Task.Name}: no training split is here, so that examples are the last 100 items of the file, which are not scored")];

        public string ModeName(CompressionMode mode) => ZeroShotBenchmark.Mode;

        public IReadOnlyList<IBenchmarkTask> Load(LoadedModel loaded, CompressedContexts contexts, CompressionMode mode, int? limit, CancellationToken cancel)
        {
            var scorer = new ZeroShotScorer(loaded, contexts);
            return [.. tasks.Select(task => new ZeroShotBenchmark(scorer, task.Items.Task, Documents(task.Items, task.Training), shots))];
        }

        private IReadOnlyList<ZeroShotDocument> Documents(ZeroShotItems items, ZeroShotItems? training)
        {
            if (shots == 0) return items.Documents;
            var (scored, pool) = training is null ? FewShotSampler.HoldBack(items.Documents) : (items.Documents, training.Documents);
            var sampler = new FewShotSampler(items.Task, pool, shots);
            return [.. scored.Select(sampler.Next)];
        }
    }
}
