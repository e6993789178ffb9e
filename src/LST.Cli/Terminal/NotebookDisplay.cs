using System.Globalization;
using LST.Notebooks.Runner;
using Spectre.Console;

namespace LST.Cli.Terminal;

/// <summary>Which cell of a notebook runs: one line that changes in a terminal, a line a cell elsewhere. Both on standard error.</summary>
internal static class NotebookDisplay
{
    public static T Show<T>(string notebook, Func<Action<CellStart>, T> run)
    {
        var console = Screen.Error();
        if (!Screen.ErrorIsTerminal || !console.Profile.Capabilities.Interactive) return run(cell => Console.Error.WriteLine(Line(notebook, cell)));
        return console.Status().Start(Markup.Escape($"{notebook}: starting"), context => run(cell => context.Status(Markup.Escape(Line(notebook, cell)))));
    }

    private static string Line(string notebook, CellStart cell) =>
        string.Create(CultureInfo.InvariantCulture, $"{notebook}: cell {cell.Number}/{cell.Count} {cell.Id}, {cell.Elapsed.TotalSeconds:0.0} s so far");
}
