using LST.Core;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary>Commands that the <c>lst</c> script does itself, before there is a build.</summary>
public sealed class ScriptCommand : Command<ScriptCommand.Settings>
{
    /// <summary>No flags.</summary>
    public sealed class Settings : CommandSettings;

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken) =>
        throw new UsageException($"'{context.Name}' is done by the script: call ./lst {context.Name} (lst.cmd on Windows)");
}
