using System.ComponentModel;
using LST.Cli.Terminal;
using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Benchmarks.ZeroShot.Rolling;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary><c>./lst eval zeroshot</c>.</summary>
public sealed class EvalZeroShotCommand : BenchmarkCommand<EvalZeroShotCommand.Flags>
{
    /// <summary>The tasks of the usual table.</summary>
    private const int Usual = 6;

    private ZeroShotPlan? plan;

    /// <summary>Its flags.</summary>
    public sealed class Flags : BenchmarkCommandSettings
    {
        /// <summary>Tasks.</summary>
        [CommandOption("--tasks <LIST>"), Description("Likelihood tasks, several by commas (default: piqa, winogrande, hellaswag, arc_easy, arc_challenge, openbookqa; also boolq, copa, lambada_openai, and under --methods dense wikitext).")]
        public string? Tasks { get; init; }

        /// <summary>Items.</summary>
        [CommandOption("--items <FILE>"), Description("The items of the one task that --tasks names, JSON lines in the form of its data set (default: the task's file of a data folder).")]
        public string? Items { get; init; }

        /// <summary>k.</summary>
        [CommandOption("--shots <K>"), DefaultValue("0"), Description("Examples in front of each item. Contexts without examples are short: little is left to compress.")]
        public string Shots { get; init; } = "0";

        /// <summary>Ids that are read at once.</summary>
        [CommandOption("--max-length <N>"), Description("Ids that are read at once: longer contexts lose their beginning, documents are cut into windows (default: the model's trained length; max_length of lm_eval).")]
        public string? MaxLength { get; init; }

        /// <summary>No BOS.</summary>
        [CommandOption("--no-bos"), Description("Put no BOS in front of contexts (add_bos_token=False of lm_eval, and what it does for tokenizers that add none by themselves); empty contexts still are BOS.")]
        public bool NoBos { get; init; }

        /// <summary>Accepted because lm_eval has it; it changes nothing.</summary>
        [CommandOption("--batch-size <N>"), DefaultValue("1"), Description("Accepted as in lm_eval; items are scored one by one, so that it changes nothing.")]
        public string BatchSize { get; init; } = "1";
    }

    /// <inheritdoc/>
    protected override string Benchmark => "zeroshot";

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Flags settings, CancellationToken cancellationToken)
    {
        var exitCode = base.Execute(context, settings, cancellationToken);
        if (plan?.Model is { } model) RollingTable.Write(ItemFolder.ReadFinished(PlaceOf(settings, model)).Lines);
        return exitCode;
    }

    /// <inheritdoc/>
    protected override IBenchmarkPlan Plan(Flags settings)
    {
        if (settings.QueryAware) throw new UsageException("--query-aware: a likelihood task has no question apart from its context; leave it out");
        _ = Numbers.Positive("--batch-size", settings.BatchSize);
        var shots = Numbers.Whole("--shots", settings.Shots, 0);
        string[] names = settings.Tasks is null ? [.. ZeroShotTask.All.Take(Usual).Select(task => task.Name)] : [.. settings.Tasks.Split(',').Select(NameOf).Distinct()];
        if (settings.Items is { } given && (settings.Tasks is null || names.Length > 1))
            throw new UsageException($"--items '{given}': a file holds the items of one task, but {(settings.Tasks is null ? "none is" : $"{names.Length} are")} named; give one name to --tasks");
        var isRolling = names.Contains(RollingBenchmark.TaskName);
        if (isRolling)
        {
            RollingBenchmark.RequireDense(MethodSpec.ParseList(settings.Methods, 0, settings.Sidecar));
            if (shots > 0) throw new UsageException($"--shots {shots}: task '{RollingBenchmark.TaskName}' has documents and no examples; leave the flag or the task out");
        }
        var file = settings.Items is null ? null : ItemsFile.Require(settings.Items);
        var catalog = ZeroShotCatalog.FromEnvironment();
        return plan = new ZeroShotPlan(
            [.. names.Select(ZeroShotTask.Find).OfType<ZeroShotTask>().Select(task => (file is null ? catalog.Load(task) : ZeroShotCatalog.Read(task, file), shots == 0 ? null : catalog.LoadTraining(task)))],
            shots, Numbers.Positive("--max-length", settings.MaxLength), !settings.NoBos, !isRolling ? null : file is null ? RollingItems.FromEnvironment() : RollingItems.Read(file));
    }

    private static string NameOf(string typed) => ZeroShotTask.Find(typed)?.Name ?? (typed.Trim().Equals(RollingBenchmark.TaskName, StringComparison.OrdinalIgnoreCase) ? RollingBenchmark.TaskName
        : throw new UsageException($"task '{typed}' is unknown; known tasks: {string.Join(", ", ZeroShotTask.All.Select(task => task.Name))}, {RollingBenchmark.TaskName}"));
}
