namespace LST.Evaluation.Verification;

/// <summary>How a case ended.</summary>
public enum Outcome
{
    /// <summary>Equal to the reference within its tolerance.</summary>
    Passed,

    /// <summary>Different from the reference, or something that the case needs is missing.</summary>
    Failed,

    /// <summary>The method, format or benchmark is not built; does not count.</summary>
    Skipped,
}

/// <summary>One finished case.</summary>
/// <param name="Name">Its path below the verified folder, e.g. <c>tokenizers/llama2.jsonl</c>.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Detail">One line: what was compared, or what failed and why.</param>
public sealed record CaseResult(string Name, Outcome Outcome, string Detail);

/// <summary>One kind of reference cases: finds those of its layout under a folder and runs them.</summary>
public interface ICaseSource
{
    /// <summary>Runs the cases one by one as they are enumerated; a case that cannot be run is a failed one, not an exception.</summary>
    /// <exception cref="OperationCanceledException">The context's token was cancelled.</exception>
    IEnumerable<CaseResult> Run(VerificationContext context);
}
