using LST.Evaluation.Reports;

namespace LST.Cli.Terminal;

/// <summary>What went wrong without stopping the command.</summary>
internal static class Warning
{
    /// <summary>One line on standard error.</summary>
    public static void Write(string sentence) => Console.Error.WriteLine($"warning: {QueryText.Visible(sentence)}");
}
