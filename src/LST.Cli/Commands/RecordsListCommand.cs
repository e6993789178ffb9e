using System.ComponentModel;
using System.Globalization;
using LST.Cli.Terminal;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst records list</c>.</summary>
public sealed class RecordsListCommand : Command<RecordsListCommand.Settings>
{
    private static readonly string[] Columns = ["id", "kind", "model", "text or preset", "when", "wall time", "best"];

    // A table of that many columns would break every cell.
    private const int NarrowTerminal = 150;

    /// <summary>Which records.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Kind.</summary>
        [CommandOption("--kind <KIND>"), Description("Only records of this kind: ppl, training, ... (default: all).")]
        public string? Kind { get; init; }

        /// <summary>Model.</summary>
        [CommandOption("--model|--model-name <NAME>"), Description("Only records of this model, by its short name (default: all).")]
        public string? Model { get; init; }

        /// <summary>Text.</summary>
        [CommandOption("--text <NAME>"), Description("Only records that read this text (default: all).")]
        public string? Text { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var records = RecordCatalog.OfProject().ReadAll(Warning.Write).Select(file => file.Record).ToList();
        if (records.Count == 0) throw new DataException("There is no record yet; make one with ./lst eval ppl or ./lst train.");
        records = Only(records, "--kind", settings.Kind, record => record.Kind);
        records = Only(records, "--model", settings.Model, record => record.Model.Name);
        records = Only(records, "--text", settings.Text, record => record.TextName);
        List<string[]> rows = [.. records.Select(record => new[]
        {
            record.Id, record.Kind, record.Model.Name, record.TextName ?? record.SidecarPreset ?? "", When(record.Created), Wall(record.WallSeconds), RecordHeadline.Of(record),
        })];
        if (Screen.OutputIsTerminal && Screen.Output(columns: 0).Profile.Width < NarrowTerminal) WriteNarrow(rows);
        else DataTable.Write(Columns, rows, rightAligned: column => Columns[column] == "wall time", unbroken: column => Columns[column] is "id" or "model");
        return 0;
    }

    /// <summary>A wall time as people say it.</summary>
    internal static string Wall(double seconds) => seconds < 120
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s") : seconds < 7200
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min") : string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h");

    private static void WriteNarrow(List<string[]> rows)
    {
        foreach (var row in rows)
        {
            Console.WriteLine(QueryText.Visible(row[0]));
            Console.WriteLine($"    {QueryText.Visible(string.Join(" · ", row[2..^1]))}");
            if (row[^1].Length > 0) Console.WriteLine($"    {QueryText.Visible(row[^1])}");
        }
    }

    // To the minute; the record has it to the second.
    private static string When(string created) => created.Replace('T', ' ')[..Math.Min("2026-01-01 00:00".Length, created.Length)];

    private static List<AnyRecord> Only(List<AnyRecord> records, string flag, string? asked, Func<AnyRecord, string?> value)
    {
        if (asked is null) return records;
        var found = records.Where(record => string.Equals(value(record), asked, StringComparison.OrdinalIgnoreCase)).ToList();
        if (found.Count > 0) return found;
        throw new UsageException($"{flag} {asked}: there is no such record; there are {string.Join(", ", records.Select(value).OfType<string>().Distinct().Order(StringComparer.Ordinal).DefaultIfEmpty("none with one"))}");
    }
}
