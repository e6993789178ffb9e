using System.Text.Json;

namespace LST.Core.Text.Formats;

/// <summary>Fields of tokenizer files with their kinds checked; JSON null counts as absent.</summary>
internal static class JsonFields
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 32 };

    /// <exception cref="TokenizerException">Not JSON, or not an object.</exception>
    internal static JsonElement ParseObject(ReadOnlyMemory<byte> file, string source)
    {
        if (file.Span.StartsWith("\uFEFF"u8)) file = file[3..];
        if (!System.Text.Unicode.Utf8.IsValid(file.Span))
            throw new TokenizerException($"{source}: it has to be JSON in UTF-8, but it holds bytes that are not; the file is damaged or of another kind.");
        try
        {
            using var document = JsonDocument.Parse(file, Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw new TokenizerException($"{source}: it has to be JSON, but it breaks in line {error.LineNumber + 1} at byte " +
                $"{error.BytePositionInLine}; the file is truncated or of another kind.", error);
        }
        throw new TokenizerException($"{source}: it has to be a JSON object, but it is another value; the file is of another kind.");
    }

    internal static JsonElement? Field(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    internal static JsonElement? Object(this JsonElement element, string name, string source) =>
        element.OfKind(name, source, JsonValueKind.Object, "an object");

    internal static JsonElement? Array(this JsonElement element, string name, string source) =>
        element.OfKind(name, source, JsonValueKind.Array, "a list");

    internal static string? Text(this JsonElement element, string name, string source) =>
        element.OfKind(name, source, JsonValueKind.String, "a text")?.AsText(source);

    internal static bool Flag(this JsonElement element, string name, string source, bool otherwise = false) => element.Field(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw new TokenizerException($"{source}: '{name}' has to be true or false, but it is another value."),
    };

    internal static int Id(this JsonElement value, string what, string source) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var id)
        ? id
        : throw new TokenizerException($"{source}: {what} has to be a whole number, but it is {Vocabulary.Shown(value.GetRawText())}.");

    /// <summary>The text of a string; a lone surrogate in it is an error of the file.</summary>
    internal static string AsText(this JsonElement value, string source)
    {
        try
        {
            return value.GetString() ?? "";
        }
        catch (InvalidOperationException error)
        {
            throw new TokenizerException($"{source}: texts have to be valid Unicode, but {Vocabulary.Shown(value.GetRawText())} is not.", error);
        }
    }

    /// <summary>The property's name; a lone surrogate in it is an error of the file.</summary>
    internal static string NameAsText(this JsonProperty property, string source)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException error)
        {
            throw new TokenizerException($"{source}: names have to be valid Unicode, but one is not.", error);
        }
    }

    private static JsonElement? OfKind(this JsonElement element, string name, string source, JsonValueKind kind, string kindName) => element.Field(name) switch
    {
        null => null,
        { } value when value.ValueKind == kind => value,
        { } value => throw new TokenizerException($"{source}: '{name}' has to be {kindName}, but it is {Vocabulary.Shown(value.GetRawText())}."),
    };
}
