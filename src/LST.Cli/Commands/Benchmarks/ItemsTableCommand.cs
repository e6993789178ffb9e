using System.ComponentModel;
using LST.Cli.Terminal;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary><c>./lst items table</c>.</summary>
public sealed class ItemsTableCommand : Command<ItemsTableCommand.Settings>
{
    /// <summary>Which folder.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>The folder.</summary>
        [CommandArgument(0, "<FOLDER>"), Description("Folder of item lines.")]
        public string Folder { get; init; } = "";
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var (lines, underWay) = ItemFolder.ReadFinished(settings.Folder);
        ItemTable.Write(lines, ItemManifest.Read(settings.Folder) ?? throw new DataException($"'{settings.Folder}' has no {ItemManifest.FileName}, so that it holds no run; check the path."), underWay);
        RollingTable.Write(lines);
        return 0;
    }
}
