using LST.Core.Losses;

namespace LST.Core.Training;

/// <summary>Which form of query-probing attention alignment is trained.</summary>
public enum AlignmentForm
{
    /// <summary>Attention over the whole cache, compressed against dense.</summary>
    FullCache,

    /// <summary>Attention inside each window against its super-tokens.</summary>
    PerWindow,
}

/// <summary>Weights and forms of the losses.</summary>
public sealed record LossSettings
{
    /// <summary>λ_LM: cross-entropy of the continuation, nats a token.</summary>
    public double CrossEntropy { get; init; }

    /// <summary>λ_KL: divergence from the dense model on the continuation, nats a token.</summary>
    public double Divergence { get; init; } = 1;

    /// <summary>λ_QPAA.</summary>
    public double Alignment { get; init; }

    /// <summary>λ_div.</summary>
    public double Diversity { get; init; }

    /// <summary>Form of QPAA.</summary>
    public AlignmentForm AlignmentForm { get; init; }

    /// <summary>Details of QPAA.</summary>
    public AlignmentSettings AlignmentSettings { get; init; } = new() { Normalization = AlignmentNormalization.Relative };

    /// <summary>Name of the probe source.</summary>
    public string Probes { get; init; } = "prefix";

    /// <summary>Probes of each query head, layer and sequence.</summary>
    public int ProbeCount { get; init; } = 64;

    /// <summary>Details of the diversity loss.</summary>
    public DiversitySettings DiversitySettings { get; init; } = new();

    /// <summary>Weights of a preset: the paper's (1, 0.5, 0.1, isotropic probes) for <c>paper</c>, divergence alone for the others.</summary>
    public static LossSettings Of(string preset) => preset == "paper"
        ? new LossSettings { CrossEntropy = 1, Divergence = 0, Alignment = 0.5, Diversity = 0.1, Probes = "isotropic", AlignmentSettings = new AlignmentSettings() }
        : new LossSettings();

    /// <summary>Refuses weights that mean nothing.</summary>
    /// <exception cref="UsageException">A weight is negative or not finite, or all are 0.</exception>
    public LossSettings Checked()
    {
        foreach (var (name, weight) in new[] { ("lm", CrossEntropy), ("kl", Divergence), ("qpaa", Alignment), ("div", Diversity) })
            if (!(weight >= 0 && weight <= 1e30)) throw new UsageException($"--lambda-{name} {weight}: a weight is a finite number of at least 0; give e.g. 1");
        if (!(AlignmentSettings.LogSumExpWeight >= 0 && AlignmentSettings.LogSumExpWeight <= 1e30)) throw new UsageException($"--qpaa-lse {AlignmentSettings.LogSumExpWeight}: a weight is a finite number of at least 0; give e.g. 1");
        if (CrossEntropy + Divergence + Alignment == 0) throw new UsageException("--lambda-lm, --lambda-kl and --lambda-qpaa are all 0: there is nothing to train on; give one of them a weight");
        if (ProbeCount < 1) throw new UsageException($"{ProbeCount} probes: QPAA needs at least 1");
        return this;
    }
}

/// <summary>Losses of one sequence or their means over several; nats, each without its weight. Those that are not trained are 0.</summary>
/// <param name="CrossEntropy">Of the continuation.</param>
/// <param name="Divergence">From the dense model.</param>
/// <param name="Alignment">QPAA, mean over layers.</param>
/// <param name="Diversity">Mean over layers.</param>
/// <param name="Importance">Poisson loss of the importance of tokens, no unit.</param>
public readonly record struct StepLosses(double CrossEntropy, double Divergence, double Alignment, double Diversity, double Importance = 0)
{
    /// <summary>Sum of two.</summary>
    public static StepLosses operator +(StepLosses a, StepLosses b) =>
        new(a.CrossEntropy + b.CrossEntropy, a.Divergence + b.Divergence, a.Alignment + b.Alignment, a.Diversity + b.Diversity, a.Importance + b.Importance);

    /// <summary>Scaled.</summary>
    public static StepLosses operator *(StepLosses a, double factor) => new(a.CrossEntropy * factor, a.Divergence * factor, a.Alignment * factor, a.Diversity * factor, a.Importance * factor);
}
