using System.ComponentModel;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary>Flags that all benchmarks share, beside those of every evaluation.</summary>
public abstract class BenchmarkCommandSettings : EvaluationSettings
{
    /// <summary>Ratios.</summary>
    [CommandOption("--ratios|--window-size <LIST>"), DefaultValue("2,4"), Description("Compression ratios, several by commas: 2, 4, 3/2 (also --window-size).")]
    public string Ratios { get; init; } = "2,4";

    /// <summary>N.</summary>
    [CommandOption("--limit <N>"), Description("So many items of a task, drawn by a fixed shuffle (default: all; RULER: the first 20 samples of each length).")]
    public string? Limit { get; init; }

    /// <summary>Part.</summary>
    [CommandOption("--shard <I/N>"), Description("Only the i-th of n parts of each task; ./lst items merge brings them together.")]
    public string? Shard { get; init; }

    /// <summary>Mode.</summary>
    [CommandOption("--query-aware"), Description("Compress the question with the context; its lines go into a folder of their own.")]
    public bool QueryAware { get; init; }

    /// <summary>Output.</summary>
    [CommandOption("--out <DIR>"), Description("Folder of the item lines (default: out/items/<benchmark>-<model>); what is in it is not scored again.")]
    public string? Out { get; init; }
}
