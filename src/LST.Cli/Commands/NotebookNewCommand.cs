using System.ComponentModel;
using LST.Core;
using LST.Evaluation.Records;
using LST.Notebooks.Runner;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst notebook new</c>: an empty notebook with the bootstrap cell and readable ids.</summary>
public sealed class NotebookNewCommand : Command<NotebookNewCommand.Settings>
{
    /// <summary>Its flags.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Where.</summary>
        [CommandArgument(0, "<FILE>"), Description("The notebook to make, such as notebooks/my-question.ipynb.")]
        public string File { get; init; } = "";

        /// <summary>Title.</summary>
        [CommandOption("--title <TEXT>"), Description("Its heading (default: its name).")]
        public string? Title { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        if (!settings.File.EndsWith(".ipynb", StringComparison.Ordinal)) throw new UsageException($"'{settings.File}' must end in .ipynb; write notebooks/my-question.ipynb");
        AtomicFile.RequirePlace(settings.File);
        if (File.Exists(settings.File)) throw new UsageException($"'{settings.File}' is there already and is not overwritten; give another name");
        var name = Path.GetFileNameWithoutExtension(settings.File);
        var title = settings.Title is { Length: > 0 } given ? given : char.ToUpperInvariant(name[0]) + name[1..].Replace('-', ' ');
        NotebookFile.Create(name,
        [
            ("markdown", "title", $"# {title}\n\nWhat you will see, in one sentence."),
            ("code", "setup", NotebookDialect.Bootstrap),
            ("markdown", "first-claim", "## The claim\n\nPredict the number before you run the next cell."),
            ("code", "first-look", "1 + 1"),
            ("markdown", "first-reading", "What the number says, how sure we are, and what it does not show."),
        ]).Write(settings.File);
        Console.WriteLine($"wrote {settings.File}; give every cell that you add a readable id of its own, ./lst notebook check {settings.File} says what is missing");
        return 0;
    }
}
