using System.Globalization;
using LST.Cli.Terminal;
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
        var table = new Table().Border(TableBorder.Simple);
        foreach (var name in new[] { "name", "role", "bytes", "found in", "what (licence)" })
            table.AddColumn(name switch
            {
                "bytes" => new TableColumn(name).RightAligned().NoWrap(),
                "what (licence)" => new TableColumn(name),
                _ => new TableColumn(name).NoWrap(),
            });
        var entries = TextCatalog.FromEnvironment().List();
        foreach (var entry in entries)
            table.AddRow(Markup.Escape(entry.Name), entry.Role, entry.Bytes is { } bytes ? bytes.ToString("N0", CultureInfo.InvariantCulture) : "",
                entry.FoundIn ?? "missing", Markup.Escape($"{entry.Title} ({entry.Licence})"));
        Screen.Output(columns: 220).Write(table);
        // Not through the table's console, which would break the lines.
        foreach (var entry in entries.Where(e => e.FoundIn is null)) Console.WriteLine($"{entry.Name} is missing: {entry.HowToGet}.");
        return 0;
    }
}
