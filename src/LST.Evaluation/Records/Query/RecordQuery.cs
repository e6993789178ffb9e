using DuckDB.NET.Data;
using DuckDB.NET.Native;
using LST.Core;

namespace LST.Evaluation.Records.Query;

/// <summary>
/// SQL over run records: the tables <c>records</c> (one row a record), <c>ppl</c> (a method and ratio), <c>items</c> (a benchmark's task, length, method and ratio) and <c>training</c> (a development point), held in memory.
/// Queries read them and nothing else: no file, no network, no setting. One thread runs them, so that the same query gives the same rows in the same order.
/// </summary>
public sealed class RecordQuery : IDisposable
{
    /// <summary>Rows that a result may have.</summary>
    public const int MostRows = 1_000_000;

    // Results that do not fit are an error, never a file beside the project.
    private static readonly string[] Fences =
    [
        "SET threads = 1", "SET memory_limit = '1GB'", "SET temp_directory = ''", "SET autoinstall_known_extensions = false", "SET autoload_known_extensions = false",
        "SET enable_external_access = false", "SET lock_configuration = true",
    ];

    private readonly DuckDBConnection connection;
    private readonly HashSet<string> tableFunctions = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Loads records.</summary>
    public RecordQuery(IEnumerable<RecordFile> records)
    {
        connection = new DuckDBConnection("DataSource=:memory:");
        try
        {
            connection.Open();
            Execute("CREATE TABLE loaded (place BIGINT, record JSON)");
            foreach (var (place, record) in records.Index()) Execute("INSERT INTO loaded VALUES ($1, $2)", (long)place, record.Content);
            foreach (var sql in (string[])[RecordTables.Records, "DROP TABLE loaded", RecordTables.Perplexity, RecordTables.Items, RecordTables.Training, .. Fences]) Execute(sql);
            using var command = Command("SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro', 'pragma')");
            using var reader = command.ExecuteReader();
            while (reader.Read()) tableFunctions.Add(reader.GetString(0));
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The records of this project.</summary>
    /// <param name="onBroken">Is told about every file that is no whole record and left out.</param>
    public static RecordQuery OfProject(Action<string> onBroken) => new(RecordCatalog.OfProject().ReadAll(onBroken));

    /// <summary>Runs one statement: SELECT, WITH, FROM, DESCRIBE, SHOW, PIVOT or SUMMARIZE.</summary>
    /// <param name="sql">The statement, in DuckDB's SQL.</param>
    /// <param name="stop">Interrupts it.</param>
    /// <exception cref="UsageException">It is another statement, several, or wrong, or its result is too large.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public QueryResult Run(string sql, CancellationToken stop = default)
    {
        QueryStatement.Require(sql, tableFunctions);
        RequireOneForTheEngine(sql);
        Execute("BEGIN TRANSACTION READ ONLY");
        using var command = Command(sql);
        command.UseStreamingMode = true;
        try
        {
            using (new QueryInterrupt(command, stop)) return Read(command, stop);
        }
        catch (DuckDBException problem)
        {
            stop.ThrowIfCancellationRequested();
            throw new UsageException(Sentence(problem.Message));
        }
        catch (Exception problem) when (problem is InvalidCastException or InvalidOperationException or ArgumentException or OverflowException or NotSupportedException)
        {
            throw new UsageException($"the result of the query has a value that cannot be shown ({OneLine(problem.Message).TrimEnd('.')}); write CAST(… AS VARCHAR) around it");
        }
        finally
        {
            Execute("ROLLBACK");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => connection.Dispose();

    private static QueryResult Read(DuckDBCommand command, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        using var reader = command.ExecuteReader();
        QueryColumn[] columns = [.. Enumerable.Range(0, reader.FieldCount).Select(c => new QueryColumn(reader.GetName(c), QueryValue.TypeOf(reader.GetFieldType(c))))];
        var rows = new List<object?[]>();
        while (reader.Read())
        {
            stop.ThrowIfCancellationRequested();
            if (rows.Count == MostRows) throw new UsageException($"a result may have {MostRows:N0} rows, but this query gives more; add LIMIT or count them");
            rows.Add([.. columns.Select((_, c) => QueryValue.Read(reader, c))]);
        }
        return new QueryResult(columns, [.. rows]);
    }

    // The engine splits a PIVOT into two statements of its own; everything else must be one for it too, should it ever split a text otherwise than we do.
    private void RequireOneForTheEngine(string sql)
    {
        var count = NativeMethods.ExtractStatements.DuckDBExtractStatements(connection.NativeConnection, sql, out var statements);
        statements.Dispose();
        if (count > 1 && !SqlTokens.Of(sql).Any(token => token.Text.ToUpperInvariant() is "PIVOT" or "PIVOT_WIDER"))
            throw new UsageException($"a query must be one statement, but the engine reads {count} in it; run them one by one");
    }

    private static string Sentence(string message)
    {
        // Behind the first line come candidates, then the place with a mark below it.
        var place = message.IndexOf("\nLINE ", StringComparison.Ordinal);
        var said = OneLine(place < 0 ? message : message[..place]).TrimEnd('.');
        return $"the query cannot run: {said}; DESCRIBE records, ppl, items or training names the columns";
    }

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private void Execute(string sql, params ReadOnlySpan<object> values)
    {
        using var command = Command(sql);
        foreach (var value in values) command.Parameters.Add(new DuckDBParameter(value));
        command.ExecuteNonQuery();
    }

    private DuckDBCommand Command(string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
}
