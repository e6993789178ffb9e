using System.ComponentModel;
using LST.Evaluation;
using LST.Notebooks.Runner;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst notebook check</c>: whether notebooks keep the rules of the project, and their executed copies are of the present source.</summary>
public sealed class NotebookCheckCommand : Command<NotebookCheckCommand.Settings>
{
    /// <summary>Its flags.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Which notebooks.</summary>
        [CommandArgument(0, "<FILES>"), Description("Source notebooks.")]
        public string[] Files { get; init; } = [];

        /// <summary>Where executed copies are.</summary>
        [CommandOption("--out <DIR>"), Description("Folder of executed copies (default: figures of the checkout).")]
        public string? Out { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var folder = settings.Out ?? Path.Combine(ProjectFolders.Root ?? ".", "figures");
        var complaints = settings.Files.SelectMany(file => Complaints(NotebookFile.Read(file), folder)).ToList();
        foreach (var complaint in complaints) Console.Error.WriteLine($"lst: {complaint}");
        if (complaints.Count > 0) return 1;
        Console.WriteLine($"{settings.Files.Length} {(settings.Files.Length == 1 ? "notebook keeps" : "notebooks keep")} every rule");
        return 0;
    }

    private static IEnumerable<string> Complaints(NotebookFile notebook, string folder)
    {
        foreach (var complaint in NotebookDialect.Complaints(notebook)) yield return complaint;
        var copy = Path.Combine(folder, notebook.Name + ".ipynb");
        if (File.Exists(copy) && ExecutedCopy.SourceSha256(NotebookFile.Read(copy)) != notebook.ContentSha256)
            yield return $"notebook '{notebook.Name}': its executed copy {copy} was made from another source; run ./lst notebook run again";
    }
}
