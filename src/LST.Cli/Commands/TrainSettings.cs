using System.ComponentModel;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary>Flags of <c>./lst train</c>.</summary>
public sealed class TrainSettings : CommandSettings
{
    /// <summary>--model.</summary>
    [CommandOption("--model|--model-name <NAME>"), DefaultValue("lst-ref"), Description("A Hugging Face folder, a .gguf file, or a name (also --model-name).")]
    public string Model { get; init; } = "lst-ref";

    /// <summary>--shape.</summary>
    [CommandOption("--shape <NAME>"), Description("Instead of a model: random weights of a known shape, with the tokenizer of lst-ref (llama-2-7b, mistral-7b, llama-3-8b, smollm2-135m, lst-ref). Short by default: --prefix 512 --suffix 128, one sequence a step, one chunk of each development text, no head budgets, validated at the start and the end.")]
    public string? Shape { get; init; }

    /// <summary>--layers.</summary>
    [CommandOption("--layers <N>"), Description("With --shape: only so many layers.")]
    public string? Layers { get; init; }

    /// <summary>--dry-run.</summary>
    [CommandOption("--dry-run"), Description("Print predicted memory and time and stop; no weights and no texts are read.")]
    public bool DryRun { get; init; }

    /// <summary>--output-dir.</summary>
    [CommandOption("--output-dir <DIR>"), Description("Where checkpoints, log and sidecars go; a stopped run goes on from there (default: out/training/...).")]
    public string? OutputDir { get; init; }

    /// <summary>--preset.</summary>
    [CommandOption("--preset <NAME>"), DefaultValue("lst"), Description("lst, lst-large or paper.")]
    public string Preset { get; init; } = "lst";

    /// <summary>--window-size.</summary>
    [CommandOption("--window-size|--ratios <LIST>"), DefaultValue("2"), Description("Tokens that become one super-token, which is the ratio; several by commas train one network for all.")]
    public string WindowSize { get; init; } = "2";

    /// <summary>--max-steps.</summary>
    [CommandOption("--max-steps <N>"), Description("Steps of the optimizer.")]
    public string? MaxSteps { get; init; }

    /// <summary>--minutes.</summary>
    [CommandOption("--minutes <M>"), Description("Instead: time for the steps; their number is measured once (default without either: 20). Budgets of heads and validations come on top.")]
    public string? Minutes { get; init; }

    /// <summary>--batch-size.</summary>
    [CommandOption("--batch-size <N>"), Description("Windows a step and layer (default: four sequences; one for lst, which learns which tokens to keep).")]
    public string? BatchSize { get; init; }

    /// <summary>--learning-rate.</summary>
    [CommandOption("--learning-rate <X>"), Description("Peak learning rate (default: 5e-3 for the choice of tokens, 3e-3 for windows, paper 5e-4).")]
    public string? LearningRate { get; init; }

    /// <summary>--texts.</summary>
    [CommandOption("--texts <NAMES>"), DefaultValue("api-train,corpus"), Description("Training texts: names or files, several by commas.")]
    public string Texts { get; init; } = "api-train,corpus";

    /// <summary>--kinds.</summary>
    [CommandOption("--kinds <WEIGHTS>"), DefaultValue("text=0.5,repeat=0.2,recall=0.2,ruler=0.1"), Description("How often each kind of sequence is drawn.")]
    public string Kinds { get; init; } = "text=0.5,repeat=0.2,recall=0.2,ruler=0.1";

    /// <summary>--tokens-of-text.</summary>
    [CommandOption("--tokens-of-text <N>"), DefaultValue("4000000"), Description("Most tokens taken from each training text.")]
    public string TokensOfText { get; init; } = "4000000";

    /// <summary>--prefix.</summary>
    [CommandOption("--prefix <P>"), Description("First id behind the compressed prefix (default: the protocol's).")]
    public string? Prefix { get; init; }

    /// <summary>--suffix.</summary>
    [CommandOption("--suffix <S>"), Description("Ids of the continuation (default: 256).")]
    public string? Suffix { get; init; }

    /// <summary>--pool.</summary>
    [CommandOption("--pool <N>"), DefaultValue("512"), Description("Sequences that are trained over, epoch by epoch.")]
    public string Pool { get; init; } = "512";

    /// <summary>--head-budgets.</summary>
    [CommandOption("--head-budgets <N>"), Description("Measure on N sequences how many slots and recents each head needs, and share the budget out; 0: the same for all, and lst trains windows (default: 16; paper 0).")]
    public string? HeadBudgets { get; init; }

    /// <summary>--dev.</summary>
    [CommandOption("--dev <NAMES>"), DefaultValue("wiki-dev,api-dev,books-dev"), Description("Development texts; the best step is chosen on them.")]
    public string Dev { get; init; } = "wiki-dev,api-dev,books-dev";

    /// <summary>--dev-chunks.</summary>
    [CommandOption("--dev-chunks <N>"), Description("Chunks of each (default: 4).")]
    public string? DevChunks { get; init; }

    /// <summary>--dev-recall.</summary>
    [CommandOption("--dev-recall <N>"), Description("Development items of the recall examination (default: 24).")]
    public string? DevRecall { get; init; }

    /// <summary>--dev-queries.</summary>
    [CommandOption("--dev-queries <N>"), Description("Chunks of each development text on whose own queries the error of attention is measured at every validation (default: 0, not measured).")]
    public string? DevQueries { get; init; }

    /// <summary>--lambda-lm.</summary>
    [CommandOption("--lambda-lm <X>"), Description("Weight of cross-entropy (default: paper 1, others 0).")]
    public string? LambdaLm { get; init; }

    /// <summary>--lambda-kl.</summary>
    [CommandOption("--lambda-kl <X>"), Description("Weight of the divergence from dense (default: paper 0, others 1).")]
    public string? LambdaKl { get; init; }

    /// <summary>--lambda-qpaa.</summary>
    [CommandOption("--lambda-qpaa <X>"), Description("Weight of QPAA (default: paper 0.5, others 0).")]
    public string? LambdaQpaa { get; init; }

    /// <summary>--lambda-div.</summary>
    [CommandOption("--lambda-div <X>"), Description("Weight of diversity (default: paper 0.1, others 0).")]
    public string? LambdaDiv { get; init; }

    /// <summary>--probes.</summary>
    [CommandOption("--probes <NAME>"), Description("isotropic, rescaled, gaussian, prefix or repeat (default: paper isotropic, others prefix).")]
    public string? Probes { get; init; }

    /// <summary>--probe-count.</summary>
    [CommandOption("--probe-count <N>"), Description("Probes of each query head, layer and sequence.")]
    public string? ProbeCount { get; init; }

    /// <summary>--qpaa-form.</summary>
    [CommandOption("--qpaa-form <NAME>"), Description("full-cache or per-window.")]
    public string? QpaaForm { get; init; }

    /// <summary>--qpaa-lse.</summary>
    [CommandOption("--qpaa-lse <X>"), Description("Weight of the log-sum-exp term inside QPAA.")]
    public string? QpaaLse { get; init; }

    /// <summary>--diversity.</summary>
    [CommandOption("--diversity <NAME>"), Description("cosine, log-determinant or variance-floor.")]
    public string? Diversity { get; init; }

    /// <summary>--sidecar-option.</summary>
    [CommandOption("--sidecar-option <KEY=VALUE>"), Description("An option of the sidecar that differs from its preset, e.g. recent=n/4; several by : or by repeating.")]
    public string[]? SidecarOption { get; init; }

    /// <summary>--seeds.</summary>
    [CommandOption("--seeds <LIST>"), DefaultValue("0"), Description("One run for each.")]
    public string Seeds { get; init; } = "0";

    /// <summary>--dtype.</summary>
    [CommandOption("--dtype <TYPE>"), DefaultValue("float32"), Description("Type of the frozen model: float32, bfloat16 or float16.")]
    public string Dtype { get; init; } = "float32";

    /// <summary>--validate-every.</summary>
    [CommandOption("--validate-every <N>"), Description("Steps between validations (default: a tenth; lst with its choice of tokens: at the end alone, and what is validated before that has no head budgets yet).")]
    public string? ValidateEvery { get; init; }

    /// <summary>--save-every.</summary>
    [CommandOption("--save-every <N>"), DefaultValue("50"), Description("Steps between checkpoints.")]
    public string SaveEvery { get; init; } = "50";

    /// <summary>--store-mb.</summary>
    [CommandOption("--store-mb <N>"), DefaultValue("4096"), Description("Memory for prepared prefixes; changes the time and nothing else.")]
    public string StoreMegabytes { get; init; } = "4096";

    /// <summary>--threads.</summary>
    [CommandOption("--threads <N>"), Description("Threads of the tensor library.")]
    public string? Threads { get; init; }

    /// <summary>--json.</summary>
    [CommandOption("--json <OUT>"), Description("Also write the records to this file.")]
    public string? Json { get; init; }
}
