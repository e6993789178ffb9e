using LST.Core;

namespace LST.Notebooks.Figures;

/// <summary>There is no browser to make a picture with. Exit code 1.</summary>
public sealed class BrowserMissingException(string message) : LstException(message)
{
    /// <inheritdoc/>
    public override int ExitCode => 1;
}

/// <summary>The browser is there, but it does not draw the figure. Exit code 1.</summary>
public sealed class FigureRenderException(string message, Exception? inner = null) : LstException(message, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => 1;
}
