using Microsoft.DotNet.Interactive.Formatting;

namespace LST.Notebooks.Runner;

/// <summary>
/// What the kernel's own web server puts in front of a session's first output: a block of HTML that loads require.js from the network. It is for live
/// front ends of a kind that is gone; in a file it is noise, and offline an error.
/// </summary>
public static class FrontEndScript
{
    /// <summary>Whether this HTML is that block.</summary>
    public static bool IsHtml(string html) =>
        html.Contains("dotnet-interactive-this-cell-", StringComparison.Ordinal) || html.Contains("bootstrapper_dotnet", StringComparison.OrdinalIgnoreCase)
        || html.Contains("require.js", StringComparison.Ordinal) && html.Contains("dotnetInteractive", StringComparison.OrdinalIgnoreCase);

    internal static bool IsIn(FormattedValue value) => value.MimeType == HtmlFormatter.MimeType && IsHtml(value.Value);
}
