using LST.Evaluation.Records.Query;

namespace LST.Notebooks.Runner;

/// <summary>Cells in SQL over the project's run records (<c>#!sql</c>), read-only: the tables <c>records</c>, <c>ppl</c> and <c>training</c>. What the last cell found is <see cref="Last"/> for the cells in C#.</summary>
public sealed class SqlCells : ICellLanguage
{
    private RecordQuery? query;

    /// <summary>What the last cell in SQL found; null: there was none.</summary>
    public static QueryResult? Last { get; private set; }

    /// <inheritdoc/>
    public string Name => "sql";

    /// <inheritdoc/>
    public string Description => "SQL over run records: tables records, ppl, training";

    /// <inheritdoc/>
    public Task<object?> Run(string code, CancellationToken cancel)
    {
        query ??= RecordQuery.OfProject(broken => Console.Error.WriteLine(broken));
        Last = query.Run(code.Trim().TrimEnd(';'), cancel);
        return Task.FromResult<object?>(Last);
    }
}
