namespace LST.Notebooks.Reproduction;

/// <summary>What came of a notebook's run.</summary>
/// <param name="Inputs">Files that it read, relative to the root.</param>
/// <param name="Outputs">Files that it became, relative to the root.</param>
public sealed record ExecutedFiles(IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs);

/// <summary>The two kinds of work that a reproduction hands to others.</summary>
public interface IReproductionWork
{
    /// <summary>Runs a notebook and writes its executed copy and pictures.</summary>
    /// <param name="notebook">Source, relative to the root.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="LST.Core.LstException">A cell failed, or a limit was reached.</exception>
    Task<ExecutedFiles> Execute(string notebook, CancellationToken cancel);

    /// <summary>Runs a command of <c>./lst</c> to its end.</summary>
    /// <param name="arguments">Behind <c>./lst</c>.</param>
    /// <param name="results">Folder in which its record is put.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="LST.Core.LstException">It failed.</exception>
    Task Command(IReadOnlyList<string> arguments, string results, CancellationToken cancel);
}
