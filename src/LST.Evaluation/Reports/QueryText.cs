using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using LST.Evaluation.Records;
using LST.Evaluation.Records.Query;

namespace LST.Evaluation.Reports;

/// <summary>Results of queries as text. Numbers round-trip and are written alike everywhere; nothing is cut.</summary>
public static class QueryText
{
    /// <summary>CSV by RFC 4180: a header, CR LF behind every line, NULL as an empty field.</summary>
    public static string Csv(QueryResult result)
    {
        var text = new StringBuilder();
        void Line(IEnumerable<string> fields) => text.AppendJoin(',', fields.Select(CsvField)).Append("\r\n");
        Line(result.Columns.Select(column => column.Name));
        foreach (var row in result.Rows) Line(row.Select(Cell));
        return text.ToString();
    }

    /// <summary>A Markdown table.</summary>
    public static string Markdown(QueryResult result)
    {
        var text = new StringBuilder();
        void Line(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
        static string Escaped(string cell) => Visible(cell).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
        Line(result.Columns.Select(column => Escaped(column.Name)));
        Line(result.Columns.Select(column => column.IsNumber ? "---:" : "---"));
        foreach (var row in result.Rows) Line(row.Select(value => Escaped(Cell(value))));
        return text.ToString();
    }

    /// <summary>A JSON array with an object a row. Of several columns with one name, later ones get <c>_2</c>, <c>_3</c>; NaN and infinities are texts.</summary>
    public static string Json(QueryResult result)
    {
        var names = new List<string>();
        foreach (var column in result.Columns)
        {
            var (name, number) = (column.Name, 2);
            while (names.Contains(name)) name = $"{column.Name}_{number++}";
            names.Add(name);
        }
        return RecordJson.Format(new JsonArray([.. result.Rows.Select(row => new JsonObject(names.Select((name, c) => KeyValuePair.Create(name, Node(row[c])))))]));
    }

    /// <summary>A value as text; NULL is empty, nested values are JSON.</summary>
    public static string Cell(object? value) => value switch
    {
        null => "",
        string text => text,
        bool truth => truth ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        DateTime time => time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => Node(value)!.ToJsonString(RecordJson.Options),
    };

    /// <summary>Control characters as the glyphs that Unicode has for them, so that a cell stays on its line.</summary>
    public static string Visible(string text) => string.Concat(text.Select(c => c < ' ' ? (char)('\u2400' + c) : char.IsControl(c) ? '\ufffd' : c));

    private static JsonNode? Node(object? value) => value switch
    {
        null => null,
        bool truth => JsonValue.Create(truth),
        long number => JsonValue.Create(number),
        double number when double.IsFinite(number) => JsonValue.Create(number),
        BigInteger number => JsonNode.Parse(number.ToString(CultureInfo.InvariantCulture)),
        IReadOnlyDictionary<string, object?> items => new JsonObject(items.Select(item => KeyValuePair.Create(item.Key, Node(item.Value)))),
        object?[] items => new JsonArray([.. items.Select(Node)]),
        _ => JsonValue.Create(Cell(value)),
    };

    private static string CsvField(string field) => field.AsSpan().IndexOfAny("\",\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
