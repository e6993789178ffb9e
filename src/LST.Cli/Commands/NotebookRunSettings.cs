using System.ComponentModel;
using LST.Core;
using LST.Evaluation;
using LST.Notebooks.Runner;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary>Flags of <c>./lst notebook run</c>.</summary>
public sealed class NotebookRunSettings : CommandSettings
{
    /// <summary>Which notebooks.</summary>
    [CommandArgument(0, "<FILES>"), Description("Notebooks to run, each in its own process and folder. They are code and run with your rights.")]
    public string[] Files { get; init; } = [];

    /// <summary>Where executed copies go.</summary>
    [CommandOption("--out <DIR>"), Description("Folder of executed copies and pictures (default: figures of the checkout).")]
    public string? Out { get; init; }

    /// <summary>Time of a cell.</summary>
    [CommandOption("--cell-timeout <S>"), DefaultValue("300"), Description("Seconds that one cell may run.")]
    public string CellTimeout { get; init; } = "300";

    /// <summary>Time of a notebook.</summary>
    [CommandOption("--timeout <S>"), DefaultValue("900"), Description("Seconds that one notebook may run.")]
    public string Timeout { get; init; } = "900";

    /// <summary>Memory.</summary>
    [CommandOption("--memory-gb <G>"), DefaultValue("8"), Description("Resident memory that a notebook's process may hold, GB.")]
    public string MemoryGigabytes { get; init; } = "8";

    /// <summary>Set for the process that runs one notebook.</summary>
    [CommandOption("--worker", IsHidden = true)]
    public bool IsWorker { get; init; }

    /// <summary>The folder of executed copies, by full path.</summary>
    public string OutputFolder => Path.GetFullPath(Out ?? Path.Combine(ProjectFolders.Root ?? ".", "figures"));

    /// <summary>The limits.</summary>
    /// <exception cref="UsageException">One of them is no positive number.</exception>
    public RunLimits Limits => new()
    {
        Cell = Seconds("--cell-timeout", CellTimeout), Notebook = Seconds("--timeout", Timeout), MemoryBytes = (long)(Above("--memory-gb", MemoryGigabytes, 1_000_000) * 1e9),
    };

    private static TimeSpan Seconds(string flag, string text) => TimeSpan.FromSeconds(Above(flag, text, 10_000_000));

    private static double Above(string flag, string text, double most) =>
        Numbers.Real(flag, text) is > 0 and var value && value <= most ? value : throw new UsageException(FormattableString.Invariant($"{flag} '{text}': it must be above 0 and at most {most}"));
}
