using System.ComponentModel;
using LST.Cli.Terminal;
using LST.Core;
using LST.Evaluation.Records.Query;
using LST.Evaluation.Reports;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst records sql</c>.</summary>
public sealed class RecordsSqlCommand : Command<RecordsSqlCommand.Settings>
{
    /// <summary>The query.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>SQL.</summary>
        [CommandArgument(0, "<SQL>"), Description("One statement of DuckDB's SQL that reads, over the tables records (a row a run), ppl (a method and ratio), items (a task, length, method and ratio of a benchmark) and training (a development point); DESCRIBE ppl lists columns.")]
        public string Sql { get; init; } = "";

        /// <summary>Form of the result.</summary>
        [CommandOption("--format <FORM>"), DefaultValue("table"), Description("table, csv, markdown or json.")]
        public string Format { get; init; } = "table";
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        Action<QueryResult> write = settings.Format.ToLowerInvariant() switch
        {
            "table" => WriteTable,
            "csv" => result => Console.Write(QueryText.Csv(result)),
            "markdown" => result => Console.Write(QueryText.Markdown(result)),
            "json" => result => Console.Write(QueryText.Json(result)),
            _ => throw new UsageException($"--format '{settings.Format}' is unknown; known: table, csv, markdown, json"),
        };
        try
        {
            using var query = RecordQuery.OfProject(Warning.Write);
            write(query.Run(settings.Sql, cancellationToken));
            return 0;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("lst: the query was stopped");
            return CommandLine.Stopped;
        }
    }

    private static void WriteTable(QueryResult result)
    {
        DataTable.Write([.. result.Columns.Select(column => column.Name)], result.Rows.Select(row => row.Select(QueryText.Cell).ToArray()), rightAligned: column => result.Columns[column].IsNumber);
        Console.WriteLine(result.Rows.Length == 1 ? "1 row" : $"{result.Rows.Length} rows");
    }
}
