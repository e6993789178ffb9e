namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>One question to a model: how likely is the continuation behind the context. The continuation begins with the delimiter, one space.</summary>
/// <param name="Context">What comes before; may be empty.</param>
/// <param name="Continuation">What is scored.</param>
public sealed record ZeroShotRequest(string Context, string Continuation);

/// <summary>One item of a likelihood task as lm-evaluation-harness asks it.</summary>
public sealed record ZeroShotDocument
{
    /// <summary>The task's name.</summary>
    public required string Task { get; init; }

    /// <summary>Number of the item in its file, from 0.</summary>
    public required int DocId { get; init; }

    /// <summary>The data set's own name of the item, else <see cref="DocId"/> as text.</summary>
    public required string ItemId { get; init; }

    /// <summary>Index of the right choice; null where the one continuation is right (LAMBADA).</summary>
    public required int? Gold { get; init; }

    /// <summary>Requests in the order of the choices.</summary>
    public required IReadOnlyList<ZeroShotRequest> Requests { get; init; }

    /// <summary>The choices without the delimiter; <c>acc_norm</c> divides by their lengths.</summary>
    public required IReadOnlyList<string> Choices { get; init; }

    /// <summary>Items that stand as examples in the contexts, in their order; empty: zero-shot.</summary>
    public IReadOnlyList<string> FewShotIds { get; init; } = [];

    /// <summary>The item as an example for others: its context and right continuation.</summary>
    public string Example => Requests[Gold ?? 0] is var right ? right.Context + right.Continuation : "";

    /// <summary>Whether another item asks the same with the same answer.</summary>
    public bool Repeats(ZeroShotDocument other) => Gold == other.Gold && Requests.SequenceEqual(other.Requests);
}
