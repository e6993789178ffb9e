using LST.Evaluation.Texts;
using Spectre.Console;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst data list</c>.</summary>
public sealed class DataListCommand : Command<DataListCommand.Settings>
{
    /// <summary>No flags.</summary>
    public sealed class Settings : CommandSettings;

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected) console.Profile.Width = 220;
        var table = new Table().Border(Console.IsOutputRedirected ? TableBorder.Ascii : TableBorder.Rounded);
        foreach (var name in new[] { "name", "role", "bytes", "found in", "what", "licence" }) table.AddColumn(name == "bytes" ? new TableColumn(name).RightAligned() : new TableColumn(name));
        var entries = TextCatalog.FromEnvironment().List();
        foreach (var entry in entries)
            table.AddRow(Markup.Escape(entry.Name), entry.Role, entry.Bytes is { } bytes ? bytes.ToString("N0", System.Globalization.CultureInfo.InvariantCulture) : "",
                entry.FoundIn ?? "missing", Markup.Escape(entry.Title), Markup.Escape(entry.Licence));
        console.Write(table);
        foreach (var entry in entries.Where(e => e.FoundIn is null)) console.WriteLine($"{entry.Name} is missing: {entry.HowToGet}");
        return 0;
    }
}
