using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

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

    private static readonly JsonWriterOptions Indented = new() { Indented = true, IndentSize = 2, NewLine = "\n", Encoder = Options.Encoder };

    /// <summary>The value as indented JSON text that ends with a line feed.</summary>
    /// <exception cref="ArgumentException">A number is NaN or infinite.</exception>
    public static string Format<T>(T value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Indented)) Write(writer, JsonSerializer.SerializeToNode(value, Options));
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case null:
                writer.WriteNullValue();
                break;
            case JsonObject item:
                writer.WriteStartObject();
                foreach (var (name, value) in item)
                {
                    writer.WritePropertyName(name);
                    Write(writer, value);
                }
                writer.WriteEndObject();
                break;
            case JsonArray array when array.Any(e => e is JsonObject or JsonArray):
                writer.WriteStartArray();
                foreach (var element in array) Write(writer, element);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteRawValue(node.ToJsonString(Options));
                break;
        }
    }
}
