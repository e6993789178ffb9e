using System.Globalization;
using LST.Evaluation.Records.Query;

namespace LST.Notebooks.Display;

/// <summary>Results of SQL over run records as tables.</summary>
internal static class QueryDisplay
{
    private const int MostRows = 200;

    public static void Register() => Displays.Show<QueryResult>(Of);

    private static Table Of(QueryResult result) => new("", [.. result.Columns.Select(column => (column.Name, column.IsNumber ? Side.Right : Side.Left))],
        [.. result.Rows.Take(MostRows).Select(row => (IReadOnlyList<string>)[.. row.Select(Text)])],
        result.Rows.Length > MostRows ? $"{MostRows} of {result.Rows.Length} rows; put LIMIT behind the query or read the result in C#" : "");

    private static string Text(object? value) => value switch
    {
        null => "",
        double number => number.ToString("G6", CultureInfo.InvariantCulture),
        DateTime time => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
        IReadOnlyDictionary<string, object?> map => $"{{{string.Join(", ", map.Select(entry => $"{entry.Key}: {Text(entry.Value)}"))}}}",
        object?[] list => $"[{string.Join(", ", list.Select(Text))}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
