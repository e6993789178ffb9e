namespace LST.Core.Losses;

/// <summary>Form of the diversity penalty.</summary>
public enum DiversityKind
{
    /// <summary>Mean squared cosine of different rows of a head.</summary>
    Cosine,

    /// <summary>Negative log-determinant of the rows' cosines.</summary>
    LogDeterminant,

    /// <summary>How far the channels' spread falls below that of the dense rows.</summary>
    VarianceFloor,
}

/// <summary>What is kept apart.</summary>
public enum DiversityTarget
{
    /// <summary>k̃.</summary>
    Keys,

    /// <summary>ṽ.</summary>
    Values,

    /// <summary>The mean of the penalties of both.</summary>
    Both,
}

/// <summary>Form of <see cref="Diversity"/>.</summary>
public sealed record DiversitySettings
{
    /// <summary>Formula.</summary>
    public DiversityKind Kind { get; init; }

    /// <summary>Keys, values or both.</summary>
    public DiversityTarget Target { get; init; } = DiversityTarget.Both;

    /// <summary>α of the log-determinant: how sharply it tells nearly parallel rows from parallel ones; above 0.</summary>
    public double Sharpness { get; init; } = 1;
}
