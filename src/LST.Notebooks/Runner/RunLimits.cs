namespace LST.Notebooks.Runner;

/// <summary>What a notebook may use before its run is stopped.</summary>
public sealed record RunLimits
{
    /// <summary>Time of one cell.</summary>
    public TimeSpan Cell { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time of the whole notebook.</summary>
    public TimeSpan Notebook { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Resident memory of the process, bytes.</summary>
    public long MemoryBytes { get; init; } = 8L << 30;

    /// <summary>Time that a cell has to end by itself once it is cancelled, before the run goes on without it.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Characters of standard output that a cell may print, and as many of standard error, before the rest is left out with a note.</summary>
    public int PrintedCharacters { get; init; } = 50_000;

    /// <summary>Characters of one displayed value in one MIME type; a larger one is left out with a note.</summary>
    public int ValueCharacters { get; init; } = 4_000_000;
}
