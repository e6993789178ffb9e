namespace LST.Evaluation.Verification;

/// <summary>How a case ended.</summary>
public enum Outcome
{
    /// <summary>Every check holds.</summary>
    Passed,

    /// <summary>A check does not hold; the detail says which.</summary>
    Failed,

    /// <summary>Not built here; does not count.</summary>
    Skipped,
}

/// <summary>One case.</summary>
/// <param name="Name">Folder and id.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Detail">Largest differences, or what failed.</param>
public sealed record CaseResult(string Name, Outcome Outcome, string Detail);

/// <summary>Reference outputs of one layout.</summary>
public interface ICaseSource
{
    /// <summary>Runs the cases found under the folder, one by one as they are enumerated.</summary>
    IEnumerable<CaseResult> Run(VerificationContext context);
}

/// <summary>Where to verify.</summary>
public sealed record VerificationContext(string Folder, CancellationToken Cancel)
{
    /// <summary>placeholder.</summary>
    public string? Find(string fileName, string? sha256) => null;
}
