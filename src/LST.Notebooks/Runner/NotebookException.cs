using LST.Core;

namespace LST.Notebooks.Runner;

/// <summary>A notebook that cannot be read, breaks a rule, or failed when it ran. Exit code 1.</summary>
public sealed class NotebookException(string message, Exception? inner = null) : LstException(message, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => 1;
}
