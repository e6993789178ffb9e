using System.ComponentModel;
using LST.Cli.Terminal;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Records.Query;
using LST.Evaluation.Reports;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst records export</c>.</summary>
public sealed class RecordsExportCommand : Command<RecordsExportCommand.Settings>
{
    /// <summary>What and where to.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Which records.</summary>
        [CommandArgument(0, "[RECORDS]"), Description("Perplexity records: ids, their beginnings or ends, or files (default: all).")]
        public string[]? Records { get; init; }

        /// <summary>Form.</summary>
        [CommandOption("--format <FORM>"), DefaultValue("csv"), Description("csv: one line a method and ratio; markdown: what ./lst records table prints.")]
        public string Format { get; init; } = "csv";

        /// <summary>The method of the paired column.</summary>
        [CommandOption("--against <METHOD>"), DefaultValue("lst"), Description("Markdown: compare every method with this one, in pairs of chunks.")]
        public string Against { get; init; } = "lst";

        /// <summary>Where to.</summary>
        [CommandOption("--out <FILE>"), Description("Write to this file (default: print).")]
        public string? Out { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var format = settings.Format.ToLowerInvariant();
        if (format is not ("csv" or "markdown")) throw new UsageException($"--format '{settings.Format}' is unknown; known: csv, markdown");
        if (settings.Out is { } place) AtomicFile.RequirePlace(place);
        var files = Files(settings.Records);
        var text = format == "csv" ? Csv(files, cancellationToken)
            : PerplexityMarkdown.Of(LST.Evaluation.Reports.PerplexityTable.Join(files.Select(file => RecordStore.Read<PerplexityRecord>(file.Path))), settings.Against);
        if (settings.Out is { } out_) AtomicFile.Write(out_, text);
        else Console.Write(text);
        return 0;
    }

    private static List<RecordFile> Files(string[]? names)
    {
        var catalog = RecordCatalog.OfProject();
        if (names is not { Length: > 0 })
        {
            List<RecordFile> all = [.. catalog.ReadAll(Warning.Write).Where(file => file.Record.Kind == PerplexityRecord.RecordKind)];
            return all.Count > 0 ? all : throw new DataException("There is no perplexity record yet; make one with ./lst eval ppl.");
        }
        List<RecordFile> named = [.. names.Select(catalog.Find).Distinct().Select(RecordFile.Read)];
        foreach (var file in named.Where(file => file.Record.Kind != PerplexityRecord.RecordKind))
            throw new UsageException($"'{file.Record.Id}' is a record of kind '{file.Record.Kind}', but only perplexity records have rows to export; ./lst records sql reads the others");
        return named;
    }

    private static string Csv(List<RecordFile> files, CancellationToken stop)
    {
        using var query = new RecordQuery(files);
        return QueryText.Csv(query.Run("FROM ppl", stop));
    }
}
