using System.ComponentModel;
using LST.Core;
using LST.Evaluation.Benchmarks.Ruler;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary><c>./lst eval ruler</c>.</summary>
public sealed class EvalRulerCommand : BenchmarkCommand<EvalRulerCommand.Flags>
{
    /// <summary>Its flags.</summary>
    public sealed class Flags : BenchmarkCommandSettings
    {
        /// <summary>Tasks.</summary>
        [CommandOption("--tasks <LIST>"), Description("Names of RULER's tasks, several by commas (default: the eleven that need no questions of other data sets; with --items those of the file).")]
        public string? Tasks { get; init; }

        /// <summary>Items.</summary>
        [CommandOption("--items <FILE>"), Description("Samples that RULER wrote, JSON lines with input and outputs, in place of those that are made here.")]
        public string? Items { get; init; }

        /// <summary>Lengths.</summary>
        [CommandOption("--lengths <LIST>"), Description("Tokens of prompt and answer, several by commas (default: 1024).")]
        public string? Lengths { get; init; }

        /// <summary>Variant.</summary>
        [CommandOption("--variant <NAME>"), Description("reference (default); short: essay_step_25 and no_example where a task has them, so that short lengths can be made.")]
        public string? Variant { get; init; }

        /// <summary>Seed of samples.</summary>
        [CommandOption("--data-seed <N>"), Description("Seed of the samples (default: 42, RULER's own).")]
        public string? DataSeed { get; init; }

        /// <summary>Wrap.</summary>
        [CommandOption("--template <NAME>"), Description("What a chat model wants around the task: base (default), meta-chat, meta-llama3, or a text with {T} where the task stands.")]
        public string? Template { get; init; }
    }

    private RulerPlan? plan;

    /// <inheritdoc/>
    protected override string Benchmark => "ruler";

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Flags settings, CancellationToken cancellationToken)
    {
        var exitCode = base.Execute(context, settings, cancellationToken);
        if (plan?.Missing is { } sentence) Console.WriteLine(sentence);
        return exitCode;
    }

    /// <inheritdoc/>
    protected override IBenchmarkPlan Plan(Flags settings)
    {
        IReadOnlyList<RulerTask>? tasks = settings.Tasks is null ? null : [.. settings.Tasks.Split(',', StringSplitOptions.TrimEntries).Select(RulerTasks.Find).Distinct()];
        if (settings.Items is { } file)
        {
            RequireMeaning(settings);
            return new RulerFilePlan(ItemsFile.Require(file), tasks);
        }
        int[] lengths = [.. (settings.Lengths ?? "1024").Split(',').Select(length => Numbers.Positive("--lengths", length.Trim())!.Value).Distinct().Order()];
        var isShort = settings.Variant?.ToLowerInvariant() switch
        {
            null or "reference" => false,
            "short" => true,
            _ => throw new UsageException($"--variant '{settings.Variant}' is unknown; known: reference, short"),
        };
        return plan = new RulerPlan(tasks ?? RulerTasks.Synthetic, lengths, isShort, Numbers.Seed("--data-seed", settings.DataSeed ?? "42"), RulerTemplate.Find(settings.Template ?? RulerTemplate.Base.Name));
    }

    // Nothing is made where samples are read.
    private static void RequireMeaning(Flags settings)
    {
        foreach (var (flag, value) in new[] { ("--lengths", settings.Lengths), ("--variant", settings.Variant), ("--data-seed", settings.DataSeed), ("--template", settings.Template) })
            if (value is not null) throw new UsageException($"{flag} {value}: the samples of --items are taken as they are, so that it would change nothing; leave out one of the two");
    }
}
