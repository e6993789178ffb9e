namespace LST.Evaluation.Records.Query;

/// <summary>What the values of a column are.</summary>
public enum QueryType
{
    /// <summary><see cref="string"/>.</summary>
    Text,

    /// <summary><see cref="long"/>, or <see cref="System.Numerics.BigInteger"/> beyond its range.</summary>
    Whole,

    /// <summary><see cref="double"/>.</summary>
    Real,

    /// <summary><see cref="bool"/>.</summary>
    Truth,

    /// <summary><see cref="System.DateOnly"/>.</summary>
    Date,

    /// <summary><see cref="DateTime"/>, UTC where it comes from a record.</summary>
    Time,

    /// <summary>Lists as object?[], structures and maps as IReadOnlyDictionary&lt;string, object?&gt;, to any depth.</summary>
    Nested,
}

/// <summary>A column of a result.</summary>
/// <param name="Name">Its name; several columns may have one.</param>
/// <param name="Type">What its values are, where they are not null.</param>
public sealed record QueryColumn(string Name, QueryType Type)
{
    /// <summary>Whether its values are numbers.</summary>
    public bool IsNumber => Type is QueryType.Whole or QueryType.Real;
}

/// <summary>What a query gave, in plain .NET values.</summary>
/// <param name="Columns">The columns.</param>
/// <param name="Rows">The rows, one value a column; null is SQL's NULL.</param>
public sealed record QueryResult(IReadOnlyList<QueryColumn> Columns, object?[][] Rows)
{
    /// <summary>The values of one column, the first of that name.</summary>
    /// <exception cref="ArgumentException">There is no such column.</exception>
    public IReadOnlyList<object?> this[string column]
    {
        get
        {
            for (var c = 0; c < Columns.Count; c++)
                if (Columns[c].Name == column) return [.. Rows.Select(row => row[c])];
            throw new ArgumentException($"there is no column '{column}'; the columns are {string.Join(", ", Columns.Select(c => c.Name))}", nameof(column));
        }
    }
}
