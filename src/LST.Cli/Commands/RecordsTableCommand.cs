using System.ComponentModel;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst records table</c>.</summary>
public sealed class RecordsTableCommand : Command<RecordsTableCommand.Settings>
{
    /// <summary>Its flags.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Which records.</summary>
        [CommandArgument(0, "[RECORDS]"), Description("Perplexity records: ids, their beginnings or ends, or files (default: all in data/results/ppl).")]
        public string[]? Records { get; init; }

        /// <summary>The method of the paired column.</summary>
        [CommandOption("--against <METHOD>"), DefaultValue("lst"), Description("Compare every method with this one, in pairs of chunks.")]
        public string Against { get; init; } = "lst";

        /// <summary>Winners alone.</summary>
        [CommandOption("--best"), Description("Only which method is best at every budget, and by how much.")]
        public bool Best { get; init; }

        /// <summary>Who may win.</summary>
        [CommandOption("--among <LIST>"), Description("With --best: names of the methods that count, several by commas (default: all).")]
        public string? Among { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var records = settings.Records is { Length: > 0 } names ? [.. names.Select(RecordCatalog.OfProject().Find).Select(RecordStore.Read<PerplexityRecord>)] : RecordStore.OfProject().ReadAll<PerplexityRecord>(PerplexityRecord.RecordKind);
        if (records.Count == 0) throw new DataException("There is no perplexity record yet; make one with ./lst eval ppl.");
        if (!records.Any(record => record.Rows.Any(row => row.Method == settings.Against)) && settings.Against != "lst")
            throw new UsageException($"--against {settings.Against}: none of these records has such a row; they have {string.Join(", ", records.SelectMany(record => record.Rows).Select(row => row.Method).Distinct())}");
        if (settings.Among is { } list && !settings.Best) throw new UsageException($"--among {list}: it says who may win a table of winners; give --best with it");
        var tables = PerplexityTable.Join(records);
        Console.Write(settings.Best ? BestMarkdown.Of(tables, settings.Among?.Split(',', StringSplitOptions.TrimEntries)) : PerplexityMarkdown.Of(tables, settings.Against));
        return 0;
    }
}
