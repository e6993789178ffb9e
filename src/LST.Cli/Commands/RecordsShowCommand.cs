using System.ComponentModel;
using LST.Cli.Terminal;
using LST.Evaluation.Records;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst records show</c>.</summary>
public sealed class RecordsShowCommand : Command<RecordsShowCommand.Settings>
{
    /// <summary>Which record.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Record.</summary>
        [CommandArgument(0, "<RECORD>"), Description("An id, its beginning or its end (the hash), or a file.")]
        public string Record { get; init; } = "";

        /// <summary>As it lies.</summary>
        [CommandOption("--json"), Description("Print the record as it lies on the disk.")]
        public bool Json { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var file = RecordCatalog.OfProject().Read(settings.Record);
        if (settings.Json) Console.Write(file.Content);
        else RecordView.Write(file);
        return 0;
    }
}
