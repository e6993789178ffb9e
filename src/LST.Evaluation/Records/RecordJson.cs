using System.Text.Encodings.Web;
using System.Text.Json;

namespace LST.Evaluation.Records;

/// <summary>The JSON form of records and of what commands write: snake_case names, numbers that round-trip, no NaN, arrays of plain values on one line.</summary>
public static class RecordJson
{
    /// <summary>Serializer settings of every record, journal line and JSON output.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    // Of benchmarks a record has thousands of rows.
    private static readonly JsonLayout Layout = new(Indent: 2, MemberOrder.AsGiven, PlainArrays.OneLine) { OneLineElements = new HashSet<string> { "method_rows" } };

    /// <summary>The value as indented JSON text that ends with a line feed.</summary>
    /// <exception cref="ArgumentException">A number is NaN or infinite.</exception>
    public static string Format<T>(T value) => Layout.Format(JsonSerializer.SerializeToNode(value, Options));
}
