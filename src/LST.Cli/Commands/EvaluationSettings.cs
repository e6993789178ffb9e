using System.ComponentModel;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary>Flags of all commands that evaluate compressed caches: which model, which methods, how it is computed.</summary>
public abstract class EvaluationSettings : CommandSettings
{
    /// <summary>Model.</summary>
    [CommandOption("--model|--model-name <NAME>"), DefaultValue("lst-ref"), Description("A Hugging Face folder, a .gguf file, or a name: lst-ref, smollm2, a hub name (also --model-name).")]
    public string Model { get; init; } = "lst-ref";

    /// <summary>Methods.</summary>
    [CommandOption("--methods <LIST>"), DefaultValue("all"), Description("name[[:key=value...]] of the methods below, several by commas; all: every method with its defaults.")]
    public string Methods { get; init; } = "all";

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
