using System.ComponentModel;
using LST.Core;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary>Commands that the <c>lst</c> script does itself, before there is a build; they are listed here for the help.</summary>
/// <typeparam name="TSettings">Their flags.</typeparam>
public abstract class ScriptCommand<TSettings> : Command<TSettings>
    where TSettings : CommandSettings
{
    /// <inheritdoc/>
    public override int Execute(CommandContext context, TSettings settings, CancellationToken cancellationToken) =>
        throw new UsageException($"'{context.Name}' is done by the script: call ./lst {context.Name} (lst.cmd on Windows)");
}

/// <summary><c>./lst setup</c>.</summary>
public sealed class SetupCommand : ScriptCommand<SetupCommand.Settings>
{
    /// <summary>Flags.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Native library.</summary>
        [CommandOption("--torch <NAME>"), Description("cpu, cuda-linux or cuda-windows: which native libtorch all builds of this checkout use from now on.")]
        public string? Torch { get; init; }
    }
}

/// <summary><c>./lst test</c>.</summary>
public sealed class TestCommand : ScriptCommand<TestCommand.Settings>
{
    /// <summary>Flags.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Projects.</summary>
        [CommandArgument(0, "[PARTS]"), Description("Only projects with one of these in their names: Core, Evaluation, Cli, ... (default: all).")]
        public string[] Parts { get; init; } = [];

        /// <summary>Slow tests too.</summary>
        [CommandOption("--slow"), Description("The slow tests too.")]
        public bool Slow { get; init; }
    }
}
