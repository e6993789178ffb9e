using System.ComponentModel;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary>Flags that all benchmarks share.</summary>
public abstract class BenchmarkCommandSettings : CommandSettings
{
    /// <summary>Model.</summary>
    [CommandOption("--model|--model-name <NAME>"), DefaultValue("lst-ref"), Description("A Hugging Face folder, a .gguf file, or a name: lst-ref, smollm2, a hub name (also --model-name).")]
    public string Model { get; init; } = "lst-ref";

    /// <summary>Methods.</summary>
    [CommandOption("--methods <LIST>"), DefaultValue("all"), Description("name[[:key=value...]] of the methods below, several by commas; all: every method with its defaults.")]
    public string Methods { get; init; } = "all";

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

    /// <summary>Type.</summary>
    [CommandOption("--dtype <TYPE>"), DefaultValue("float32"), Description("float32, bfloat16 or float16.")]
    public string Dtype { get; init; } = "float32";

    /// <summary>Attention.</summary>
    [CommandOption("--attention <NAME>"), DefaultValue("cpu"), Description("reference (double precision, slow), cpu or gpu.")]
    public string Attention { get; init; } = "cpu";

    /// <summary>Sidecar.</summary>
    [CommandOption("--sidecar|--sidecar-path <FILE>"), Description("The .safetensors file of lst, for all ratios (default: the one of the model and ratio in data/sidecars; also --sidecar-path).")]
    public string? Sidecar { get; init; }

    /// <summary>Seed.</summary>
    [CommandOption("--seed <N>"), DefaultValue("0"), Description("Seed of intervals and of methods that draw.")]
    public string Seed { get; init; } = "0";

    /// <summary>Threads.</summary>
    [CommandOption("--threads <N>"), Description("Threads of the tensor library (default: its own choice).")]
    public string? Threads { get; init; }
}
