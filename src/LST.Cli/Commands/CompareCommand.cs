using System.ComponentModel;
using LST.Cli.Terminal;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Reports.Comparison;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst compare</c>.</summary>
public sealed class CompareCommand : Command<CompareCommand.Settings>
{
    /// <summary>What with what.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>A.</summary>
        [CommandArgument(0, "<A>"), Description("A perplexity record: id, its beginning or end, or file; rows of it behind a colon, ID:method@ratio.")]
        public string A { get; init; } = "";

        /// <summary>B.</summary>
        [CommandArgument(1, "<B>"), Description("The record to compare it with, in the same form; the same record for two of its methods.")]
        public string B { get; init; } = "";

        /// <summary>Method of both sides.</summary>
        [CommandOption("--method <NAME>"), Description("Only rows of this method, where a side names none (default: every method that both have).")]
        public string? Method { get; init; }

        /// <summary>Ratio of both sides.</summary>
        [CommandOption("--ratio <R>"), Description("Only rows of this ratio, where a side names none (default: every ratio that both have).")]
        public string? Ratio { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        double? ratio = settings.Ratio is { } text ? Core.Compression.Ratio.Parse(text).Value : null;
        RowSelection Selection(string side)
        {
            var selection = RowSelection.Parse(side);
            return selection with { Method = selection.Method ?? settings.Method, Ratio = selection.Ratio ?? ratio };
        }
        var (selectionA, selectionB) = (Selection(settings.A), Selection(settings.B));
        var catalog = RecordCatalog.OfProject();
        var (pathA, pathB) = (catalog.Find(selectionA.Record), catalog.Find(selectionB.Record));
        var a = Read(pathA);
        var b = Path.GetFullPath(pathA) == Path.GetFullPath(pathB) ? a : Read(pathB);
        ComparisonView.Write(RecordComparison.Of(a, selectionA, b, selectionB));
        return 0;
    }

    private static PerplexityRecord Read(string path)
    {
        var record = RecordFile.Read(path).Record;
        if (record.Kind != PerplexityRecord.RecordKind) throw new UsageException($"'{record.Id}' is a record of kind '{record.Kind}', but only perplexity records are compared in pairs; ./lst records show prints it");
        return RecordStore.Read<PerplexityRecord>(path);
    }
}
