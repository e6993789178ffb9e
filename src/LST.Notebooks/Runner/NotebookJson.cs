using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Evaluation.Records;

namespace LST.Notebooks.Runner;

/// <summary>
/// The text form of notebooks as Jupyter writes it: one space of indentation, keys in ordinal order, a line feed at the end. A notebook that a front
/// end saves without a change differs in nothing.
/// </summary>
internal static class NotebookJson
{
    private static readonly JsonLayout Layout = new(Indent: 1, MemberOrder.Ordinal, PlainArrays.LineEach);

    public static string Format(JsonNode node) => Layout.Format(node);

    /// <summary>Text as nbformat keeps it: a list of lines, each but the last with its line feed.</summary>
    public static JsonArray Lines(string text)
    {
        var lines = new JsonArray();
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start) is var feed and >= 0 ? feed + 1 : text.Length;
            lines.Add((JsonNode)text[start..end]);
            start = end;
        }
        return lines;
    }

    /// <summary>The text of a list of lines, or of one string, which nbformat also allows; null: neither.</summary>
    public static string? Text(JsonNode? node) => node switch
    {
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonArray lines when lines.All(line => line?.GetValueKind() == JsonValueKind.String) => string.Concat(lines.Select(line => line!.GetValue<string>())),
        _ => null,
    };
}
