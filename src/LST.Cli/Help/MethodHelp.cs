using LST.Core.Compression;
using Spectre.Console;
using Spectre.Console.Cli;
using Spectre.Console.Cli.Help;
using Spectre.Console.Rendering;

namespace LST.Cli.Help;

/// <summary>The usual help, and below that of commands that take a method the list of methods with their options, as the registry holds it.</summary>
internal sealed class MethodHelp(ICommandAppSettings settings) : HelpProvider(settings)
{
    /// <inheritdoc/>
    public override IEnumerable<IRenderable> GetFooter(ICommandModel model, ICommandInfo? command)
    {
        if (command is null || !command.Parameters.OfType<ICommandOption>().Any(option => option.LongNames.Any(name => name is "methods" or "method"))) return [];
        var grid = new Grid().AddColumn(new GridColumn { Padding = new Padding(4, 0, 2, 0), NoWrap = true }).AddColumn(new GridColumn { Padding = new Padding(0, 0) });
        foreach (var entry in MethodRegistry.Entries)
        {
            grid.AddRow(new Text(entry.Name), new Text(entry.Aliases.Count == 0 ? entry.Summary : $"{entry.Summary}; also {string.Join(", ", entry.Aliases)}"));
            if (entry.Options.Count > 0) grid.AddRow(new Text(""), new Text(string.Join("  ", entry.Options.Select(Shown).Concat(Further(entry))), new Style(decoration: Decoration.Dim)));
        }
        return
        [
            new Markup("\n[yellow]METHODS:[/] options behind colons, the first value is the default\n"),
            grid,
            new Text("    For example snapkv:observe=8:kernel=5. Numbers of slots may be written with n\n    (slots that are kept) and r (the ratio): recent=n/2.\n"),
        ];
    }

    // Which options there are besides depends on the scorer.
    private static IEnumerable<string> Further(MethodEntry entry) =>
        entry.Options.Any(option => option.Kind == OptionKind.Scorer) ? [$"and the METHOD's own, which is one of {Scorers.KnownNames}"] : [];

    /// <summary><c>pooling=max|avg|none</c>: the default first; <c>window=…</c> where the method decides from n and r.</summary>
    internal static string Shown(MethodOption option)
    {
        var first = option switch
        {
            { Default.Length: > 0 } => option.Default,
            { Key: "seed" } => "SEED",
            _ => "AUTO",
        };
        var others = option.Kind switch
        {
            OptionKind.Flag => [first == "true" ? "false" : "true"],
            OptionKind.Scorer => ["METHOD"],
            _ => option.Choices.Where(choice => choice != first),
        };
        return $"{option.Key}={string.Join('|', others.Prepend(first))}";
    }
}
