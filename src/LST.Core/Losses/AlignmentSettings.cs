namespace LST.Core.Losses;

/// <summary>What the squared error of an attention output is measured in.</summary>
public enum AlignmentNormalization
{
    /// <summary>As it is: summed over the head dimension (the paper).</summary>
    None,

    /// <summary>Divided, per query head, by the mean squared norm of the dense output.</summary>
    Relative,
}

/// <summary>How the windows of one probe are averaged.</summary>
public enum WindowWeighting
{
    /// <summary>All real windows count alike.</summary>
    Uniform,

    /// <summary>A window counts as its share of the probe's softmax mass over all windows: what the probe does not look at may be wrong.</summary>
    MassWeighted,
}

/// <summary>Form of <see cref="QueryProbingAttentionAlignment"/>.</summary>
public sealed record AlignmentSettings
{
    /// <summary>
    /// Weight of |lse_dense − lse_compressed|², nats², never normalised; 0 (the paper) leaves it out. A compressed part that is attended beside other
    /// tokens must keep its softmax mass, which the outputs alone do not show.
    /// </summary>
    public double LogSumExpWeight { get; init; }

    /// <summary>Unit of the output error.</summary>
    public AlignmentNormalization Normalization { get; init; }

    /// <summary>Average over windows; only read by the per-window form.</summary>
    public WindowWeighting Weighting { get; init; }
}
