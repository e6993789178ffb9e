using System.ComponentModel;
using LST.Evaluation.Benchmarks.Items;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary><c>./lst items merge</c>.</summary>
public sealed class ItemsMergeCommand : Command<ItemsMergeCommand.Settings>
{
    /// <summary>Which folders.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Inputs.</summary>
        [CommandArgument(0, "<FOLDERS>"), Description("Folders of item lines, such as those of shards.")]
        public string[] Folders { get; init; } = [];

        /// <summary>Output.</summary>
        [CommandOption("--out <DIR>", isRequired: true), Description("Folder of the merged lines; merging again changes nothing.")]
        public string Out { get; init; } = "";
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        foreach (var (task, lines) in ItemMerge.Into(settings.Out, settings.Folders)) Console.WriteLine($"{task}: {lines} lines");
        return 0;
    }
}
