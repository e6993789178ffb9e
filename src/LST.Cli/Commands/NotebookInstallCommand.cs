using System.ComponentModel;
using LST.Notebooks;
using LST.Notebooks.Install;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst notebook install</c>: registers the pinned kernel for Jupyter and VS Code.</summary>
public sealed class NotebookInstallCommand : Command<NotebookInstallCommand.Settings>
{
    /// <summary>Its flags.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Where.</summary>
        [CommandOption("--path <DIR>"), Description("Folder of kernels (default: where Jupyter looks for those of this user).")]
        public string? Folder { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        foreach (var file in KernelSpecs.Install(settings.Folder ?? KernelSpecs.UserFolder, KernelSpecs.Dotnet(), PinnedTool.Assembly(Workbench.Root))) Console.WriteLine($"wrote {file}");
        Console.WriteLine("choose the kernel \".NET (C#)\" in JupyterLab, or in VS Code under Select Kernel, Jupyter Kernel");
        return 0;
    }
}
