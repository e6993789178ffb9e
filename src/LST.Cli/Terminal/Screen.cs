using Spectre.Console;

namespace LST.Cli.Terminal;

/// <summary>What standard output and standard error are: a terminal, or something that keeps what is written (a file, a pipe, a test).</summary>
internal static class Screen
{
    /// <summary>Set where other writers stand in the console's place: they are never a terminal, whatever the process was started from.</summary>
    internal static bool IsReplaced { get; set; }

    /// <summary>Whether results go to a terminal.</summary>
    public static bool OutputIsTerminal => !IsReplaced && !Console.IsOutputRedirected;

    /// <summary>Whether messages and progress go to a terminal.</summary>
    public static bool ErrorIsTerminal => !IsReplaced && !Console.IsErrorRedirected;

    /// <summary>Standard output for tables and help.</summary>
    /// <param name="columns">Width where it is no terminal: what is kept must not be cut to a width that nobody sees.</param>
    public static IAnsiConsole Output(int columns) => Create(Console.Out, OutputIsTerminal, columns);

    /// <summary>Standard error for live progress.</summary>
    public static IAnsiConsole Error() => Create(Console.Error, ErrorIsTerminal, 200);

    private static IAnsiConsole Create(TextWriter writer, bool isTerminal, int columns)
    {
        var settings = new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) };
        if (!isTerminal) (settings.Ansi, settings.ColorSystem, settings.Interactive) = (AnsiSupport.No, ColorSystemSupport.NoColors, InteractionSupport.No);
        var console = AnsiConsole.Create(settings);
        if (!isTerminal) console.Profile.Width = columns;
        return console;
    }
}
