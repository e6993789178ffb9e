namespace LST.Core.Compression.Invariants;

/// <summary>What became of the check of a promise.</summary>
public enum InvariantOutcome
{
    /// <summary>It holds on everything that was tried.</summary>
    Passed,

    /// <summary>It does not; the sentence says where.</summary>
    Failed,

    /// <summary>It cannot be tried on random layers; the sentence says why.</summary>
    Skipped,
}

/// <summary>One promise of every method, and whether this one keeps it.</summary>
/// <param name="Promise">The promise, a sentence without its full stop.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Sentence">What was found, or what was tried.</param>
public sealed record InvariantResult(string Promise, InvariantOutcome Outcome, string Sentence)
{
    /// <summary>One line: <c>passed  Ratio 1 gives the prompt back bit for bit: tried on …</c>.</summary>
    public override string ToString() => $"{(Outcome == InvariantOutcome.Failed ? "FAILED" : Outcome.ToString().ToLowerInvariant()),-7} {Promise}: {Sentence}";
}
