using LST.Core;

namespace LST.Evaluation.Records.Query;

/// <summary>What a query may be: one statement that reads, over the tables of records and nothing else.</summary>
internal static class QueryStatement
{
    private static readonly string[] Beginnings = ["SELECT", "WITH", "FROM", "DESCRIBE", "SHOW", "PIVOT", "SUMMARIZE"];

    // Functions that give rows and touch nothing but their arguments and the catalogue. All others are refused: they read files, run text as SQL, or switch
    // parts of the engine on and off, some of which end the process.
    private static readonly HashSet<string> PlainTableFunctions = new(StringComparer.OrdinalIgnoreCase)
    {
        "range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "histogram", "histogram_values",
        "duckdb_tables", "duckdb_columns", "duckdb_functions", "duckdb_types", "duckdb_keywords",
    };

    /// <summary>Refuses everything else.</summary>
    /// <param name="sql">The query.</param>
    /// <param name="tableFunctions">Names of all functions of the engine that give rows.</param>
    /// <exception cref="UsageException">It is not one reading statement over the tables.</exception>
    public static void Require(string sql, IReadOnlySet<string> tableFunctions)
    {
        SqlToken[] tokens = [.. SqlTokens.Of(sql)];
        var first = tokens.FirstOrDefault(token => !token.Is('('));
        if (first == default) throw new UsageException($"the query is empty; write one {Known()} statement, such as FROM records");
        if (first.Kind != SqlTokenKind.Word || !Beginnings.Contains(first.Text.ToUpperInvariant()))
            throw new UsageException($"records are only read: a query must be one {Known()} statement, but it begins with '{(first.Kind == SqlTokenKind.Literal ? "a value" : first.Text)}'");
        var end = Array.FindIndex(tokens, token => token.Is(';'));
        if (end >= 0 && tokens.Skip(end).FirstOrDefault(token => !token.Is(';')) is { Text: not null } second)
            throw new UsageException($"a query must be one statement, but another one follows behind ';'{(second.Text.Length > 0 ? $" and begins with '{second.Text}'" : "")}; run them one by one");
        for (var t = 0; t + 1 < tokens.Length; t++)
        {
            if (tokens[t].Kind == SqlTokenKind.Word && tokens[t + 1].Is('(') && tableFunctions.Contains(tokens[t].Text) && !PlainTableFunctions.Contains(tokens[t].Text))
                throw new UsageException($"a query reads the tables records, ppl, items and training and nothing else, but it calls '{tokens[t].Text}'; leave that out");
        }
    }

    private static string Known() => $"{string.Join(", ", Beginnings.SkipLast(1))} or {Beginnings[^1]}";
}
