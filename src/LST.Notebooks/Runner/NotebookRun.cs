namespace LST.Notebooks.Runner;

/// <summary>A cell that is about to run.</summary>
/// <param name="Number">From 1, counted over all cells.</param>
/// <param name="Count">Number of cells of the notebook.</param>
/// <param name="Id">Its id.</param>
/// <param name="Elapsed">Time of the notebook so far.</param>
public sealed record CellStart(int Number, int Count, string Id, TimeSpan Elapsed);

/// <summary>What became of a notebook.</summary>
/// <param name="Source">As it was read.</param>
/// <param name="Executed">With outputs, as far as it ran.</param>
/// <param name="Failure">Why it ended early; null: it did not.</param>
/// <param name="Elapsed">How long it ran.</param>
/// <param name="Read">Files of the project that were read, and what the notebook said that it reads (<see cref="Workbench.Reads"/>).</param>
/// <param name="Texts">Texts that were read: names with the beginning of their digests.</param>
/// <param name="IsAbandoned">A cell went on when the run was over. Nothing else may run in this process; it should end.</param>
public sealed record NotebookRun(NotebookFile Source, NotebookFile Executed, CellFailure? Failure, TimeSpan Elapsed, IReadOnlyList<string> Read, IReadOnlyList<string> Texts, bool IsAbandoned)
{
    /// <summary>One sentence; null: it ran to the end.</summary>
    public string? Problem => Failure?.Sentence(Source.Name);
}
