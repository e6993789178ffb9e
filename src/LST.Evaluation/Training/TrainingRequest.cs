using LST.Core;
using LST.Core.Compression;
using LST.Core.Training;
using LST.Core.Training.Data;

namespace LST.Evaluation.Training;

/// <summary>What <c>./lst train</c> is asked for, before the model is read. Null: the preset's or the model's own.</summary>
public sealed record TrainingRequest
{
    /// <summary>Preset of the sidecar.</summary>
    public string Preset { get; init; } = "lst";

    /// <summary>Ratios; a window of w tokens is ratio w.</summary>
    public IReadOnlyList<Ratio> Ratios { get; init; } = [Ratio.Of(2)];

    /// <summary>Options of the sidecar that differ from the preset's, as <c>key=value</c>.</summary>
    public IReadOnlyList<string> SidecarOptions { get; init; } = [];

    /// <summary>Training texts.</summary>
    public IReadOnlyList<string> Texts { get; init; } = ["api-train", "corpus"];

    /// <summary>Development texts.</summary>
    public IReadOnlyList<string> DevelopmentTexts { get; init; } = ["wiki-dev", "api-dev", "books-dev"];

    /// <summary>Chunks of each.</summary>
    public int DevelopmentChunks { get; init; } = 4;

    /// <summary>Development items of the recall examination.</summary>
    public int RecallItems { get; init; } = 24;

    /// <summary>Chunks of each development text whose queries the error of attention's output is measured on at every validation, at most <see cref="DevelopmentChunks"/>; 0: none.</summary>
    public int QueryPrompts { get; init; }

    /// <summary>P: tokens of a prefix; null: the protocol's for the model.</summary>
    public int? Prefix { get; init; }

    /// <summary>S: tokens of a continuation.</summary>
    public int Suffix { get; init; } = 256;

    /// <summary>Steps; null with <see cref="Minutes"/>.</summary>
    public int? Steps { get; init; }

    /// <summary>Wall time; the number of steps is measured and then fixed.</summary>
    public double? Minutes { get; init; }

    /// <summary>S of development chunks; null: the protocol's, or <see cref="Suffix"/> where the model has no room for it.</summary>
    public int? DevelopmentSuffix { get; init; }

    /// <summary>Windows a step and layer; null: <see cref="Sequences"/>.</summary>
    public int? BatchWindows { get; init; }

    /// <summary>Sequences a step, where no windows are given; null: four, or one where the choice of tokens is learned.</summary>
    public int? Sequences { get; init; }

    /// <summary>Sequences that channels of keys and values are measured on.</summary>
    public int Calibration { get; init; } = 16;

    /// <summary>Peak learning rate; null: the preset's.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Pool of sequences.</summary>
    public int Pool { get; init; } = 512;

    /// <summary>Tokens taken from each training text; null: all.</summary>
    public long? TokensOfText { get; init; } = 4_000_000;

    /// <summary>Proportions of sequence kinds.</summary>
    public KindWeights Kinds { get; init; } = new();

    /// <summary>Losses; null: the preset's.</summary>
    public LossSettings? Losses { get; init; }

    /// <summary>Sequences that budgets of heads are measured on; 0: the same budget for all; null: the preset's (paper 0, others 16).</summary>
    public int? HeadSequences { get; init; }

    /// <summary>Seed.</summary>
    public long Seed { get; init; }

    /// <summary>Steps between validations; null: a tenth of the steps.</summary>
    public int? ValidateEvery { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public int SaveEvery { get; init; } = 50;

    /// <summary>Bytes of prepared prefixes that are kept.</summary>
    public long StoreBytes { get; init; } = 4L << 30;

    /// <summary>Refuses what means nothing.</summary>
    /// <exception cref="UsageException">One of the numbers.</exception>
    public TrainingRequest Checked()
    {
        if (Steps is not null && Minutes is not null) throw new UsageException("--max-steps and --minutes exclude each other; give one of them");
        if (Minutes is not null && !(Minutes > 0 && double.IsFinite(Minutes.Value))) throw new UsageException($"--minutes {Minutes}: expected a number above 0");
        if (Texts.Count == 0) throw new UsageException("--texts: name at least one training text (./lst data list)");
        if (DevelopmentTexts.Count == 0) throw new UsageException("--dev: name at least one development text (wiki-dev, api-dev, books-dev): the best step is chosen on it");
        if (QueryPrompts > DevelopmentChunks) throw new UsageException($"--dev-queries {QueryPrompts}: expected at most --dev-chunks, which is {DevelopmentChunks}; give fewer, or more --dev-chunks");
        Losses?.Checked();
        return this;
    }
}
