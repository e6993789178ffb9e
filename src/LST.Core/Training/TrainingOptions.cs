using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Core.Training.Data;

namespace LST.Core.Training;

/// <summary>How the learning rate moves after its warm-up.</summary>
public enum RateSchedule
{
    /// <summary>Linearly to 0.</summary>
    Linear,

    /// <summary>Half a cosine to 0.</summary>
    Cosine,

    /// <summary>Not at all.</summary>
    Constant,
}

/// <summary>What one training run is asked for; with the seed it decides every bit of the result on one machine.</summary>
public sealed record TrainingOptions
{
    /// <summary>The sidecar's options.</summary>
    public required SidecarConfig Sidecar { get; init; }

    /// <summary>Ratios that are trained, in turn.</summary>
    public required IReadOnlyList<Ratio> Ratios { get; init; }

    /// <summary>Steps of the optimizer.</summary>
    public required int Steps { get; init; }

    /// <summary>Sequences of a step.</summary>
    public int Sequences { get; init; } = 4;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Steps until it is reached.</summary>
    public int Warmup { get; init; } = 20;

    /// <summary>Then.</summary>
    public RateSchedule Schedule { get; init; } = RateSchedule.Linear;

    /// <summary>Weight decay of matrices.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Largest global norm of the gradient; larger ones are scaled down.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>Seed of parameters, data and probes.</summary>
    public long Seed { get; init; }

    /// <summary>Sequences of the pool that is trained over, epoch by epoch.</summary>
    public int Pool { get; init; } = 512;

    /// <summary>Losses.</summary>
    public LossSettings Losses { get; init; } = new();

    /// <summary>Sequences that channel statistics of inputs and queries are measured on.</summary>
    public int Calibration { get; init; } = 16;

    /// <summary>Sequences that the budgets of heads are measured on; 0: the budgets stay as the sidecar's options say.</summary>
    public int HeadSequences { get; init; }

    /// <summary>Steps between validations; the last step is always validated.</summary>
    public int ValidateEvery { get; init; } = 100;

    /// <summary>Steps between checkpoints.</summary>
    public int SaveEvery { get; init; } = 50;

    /// <summary>Bytes of prepared prefixes that are kept; changes the time of a run, not its result.</summary>
    public long StoreBytes { get; init; } = 4L << 30;

    /// <summary>Learning rate of a step, from 1.</summary>
    public double RateAt(int step)
    {
        if (step <= Warmup) return LearningRate * step / Math.Max(1, Warmup);
        var progress = (double)(step - Warmup) / Math.Max(1, Steps - Warmup);
        return LearningRate * Schedule switch
        {
            RateSchedule.Linear => 1 - progress,
            RateSchedule.Cosine => (1 + Math.Cos(Math.PI * progress)) / 2,
            _ => 1,
        };
    }

    /// <summary>Refuses numbers that mean nothing.</summary>
    /// <exception cref="UsageException">One of them.</exception>
    public TrainingOptions Checked()
    {
        void Positive(string flag, double value)
        {
            if (!double.IsFinite(value) || value <= 0) throw new UsageException($"{flag} {value}: expected a number above 0");
        }
        Positive("--max-steps", Steps);
        Positive("--batch-size", Sequences);
        Positive("--learning-rate", LearningRate);
        Positive("--clip", Clip);
        Positive("--pool", Pool);
        Positive("--calibration", Calibration);
        Positive("--validate-every", ValidateEvery);
        Positive("--save-every", SaveEvery);
        if (LearningRate > 1e6) throw new UsageException($"--learning-rate {LearningRate}: no network learns with that; give e.g. 3e-3");
        if (Warmup < 0 || !(WeightDecay >= 0) || !double.IsFinite(WeightDecay)) throw new UsageException("--warmup and --weight-decay are at least 0");
        if (Ratios.Count == 0 || Ratios.Any(ratio => ratio.Value <= 1)) throw new UsageException("--window-size: a sidecar is trained at ratios above 1, e.g. 2");
        Sidecar.Checked();
        Losses.Checked();
        var needsUniform = Losses.Diversity > 0 || (Losses.Alignment > 0 && Losses.AlignmentForm == AlignmentForm.PerWindow);
        if (needsUniform && (HeadSequences > 0 || Sidecar.HeadSlots is not null || Sidecar.HeadRecent is not null)) throw new UsageException(TrainingStep.RaggedSentence);
        return this;
    }
}

/// <summary>A development text that a run is watched on.</summary>
/// <param name="Name">Name in logs.</param>
/// <param name="Chunks">Its sequences.</param>
public sealed record DevelopmentText(string Name, IReadOnlyList<TrainingSequence> Chunks);

/// <summary>What a run learns from and is watched on.</summary>
/// <param name="Sequences">Number → sequence, a pure function; numbers from 0 to the pool's size − 1.</param>
/// <param name="Fingerprint">What decides the sequences, for the checkpoint: another one does not go on from it.</param>
/// <param name="Development">Texts of which the best step is chosen.</param>
/// <param name="Recall">Development items of the recall examination; may be empty.</param>
public sealed record TrainingData(Func<long, TrainingSequence> Sequences, string Fingerprint, IReadOnlyList<DevelopmentText> Development, IReadOnlyList<RecallItem> Recall);
