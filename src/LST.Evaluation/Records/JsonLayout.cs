using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LST.Evaluation.Records;

/// <summary>In which order an object's members are written.</summary>
public enum MemberOrder
{
    /// <summary>As they stand in the object.</summary>
    AsGiven,

    /// <summary>By the code units of their names.</summary>
    Ordinal,
}

/// <summary>How an array is written that holds neither objects nor arrays.</summary>
public enum PlainArrays
{
    /// <summary>All of it on one line.</summary>
    OneLine,

    /// <summary>A line for each value.</summary>
    LineEach,
}

/// <summary>Indented JSON text, byte for byte the same on every system: line feeds, one of them at the end, and no escapes for what UTF-8 can hold.</summary>
/// <param name="Indent">Spaces of a level.</param>
/// <param name="Members">Order of members.</param>
/// <param name="Arrays">Arrays of plain values.</param>
public sealed record JsonLayout(int Indent, MemberOrder Members, PlainArrays Arrays)
{
    /// <summary>Names of members whose value is written on one line, whatever it holds.</summary>
    public IReadOnlySet<string> OneLineMembers { get; init; } = new HashSet<string>();

    /// <summary>Names of members whose value is an array of which each element is written on a line of its own, whatever it holds.</summary>
    public IReadOnlySet<string> OneLineElements { get; init; } = new HashSet<string>();

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of a value.</summary>
    public string Format(JsonNode? node)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, IndentSize = Indent, NewLine = "\n", Encoder = Plain.Encoder })) Write(writer, node);
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void WriteLines(Utf8JsonWriter writer, JsonArray elements)
    {
        writer.WriteStartArray();
        foreach (var element in elements)
        {
            if (element is null) writer.WriteNullValue();
            else writer.WriteRawValue(element.ToJsonString(Plain));
        }
        writer.WriteEndArray();
    }

    private void Write(Utf8JsonWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case null:
                writer.WriteNullValue();
                break;
            case JsonObject item:
                writer.WriteStartObject();
                foreach (var (name, value) in Members == MemberOrder.Ordinal ? item.OrderBy(member => member.Key, StringComparer.Ordinal) : item.AsEnumerable())
                {
                    writer.WritePropertyName(name);
                    if (value is not null && OneLineMembers.Contains(name)) writer.WriteRawValue(value.ToJsonString(Plain));
                    else if (value is JsonArray elements && OneLineElements.Contains(name)) WriteLines(writer, elements);
                    else Write(writer, value);
                }
                writer.WriteEndObject();
                break;
            case JsonArray array when Arrays == PlainArrays.LineEach || array.Any(element => element is JsonObject or JsonArray):
                writer.WriteStartArray();
                foreach (var element in array) Write(writer, element);
                writer.WriteEndArray();
                break;
            case JsonValue when Arrays == PlainArrays.LineEach:
                node.WriteTo(writer);
                break;
            default:
                // A raw value stays on its line.
                writer.WriteRawValue(node.ToJsonString(Plain));
                break;
        }
    }
}
