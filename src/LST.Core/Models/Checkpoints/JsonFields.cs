using System.Text.Json;

namespace LST.Core.Models.Checkpoints;

/// <summary>Strict access to the fields of a JSON object: what is there must have the right type and range. <c>null</c> means absent.</summary>
internal readonly struct JsonFields
{
    private readonly JsonElement _object;
    private readonly string _source;

    private JsonFields(JsonElement value, string source) => (_object, _source) = (value, source);

    /// <summary>Parses a text whose root must be an object; keys must be unique.</summary>
    /// <exception cref="ModelFileException">The text is not such JSON.</exception>
    public static JsonFields Parse(string json, string source)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelFileException($"{source} must hold a JSON object; found {Show(document.RootElement)}; take the model's published file.");
            CheckTexts(document.RootElement);
            return new JsonFields(document.RootElement.Clone(), source);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new ModelFileException($"{source} must be valid JSON with unique keys ({error.Message.TrimEnd('.')});"
                + " take the model's published file.", error);
        }
    }

    public JsonElement? Find(string name) =>
        _object.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public JsonFields? Child(string name)
    {
        if (Find(name) is not { } value) return null;
        return value.ValueKind == JsonValueKind.Object ? new JsonFields(value, $"{_source} {name}") : throw Wrong(name, "an object", value);
    }

    /// <summary>The child's members in file order.</summary>
    public IEnumerable<JsonProperty> Members() => _object.EnumerateObject();

    public int Count(string name, int least, int most) => CountOrNull(name, least, most) ?? throw Missing(name);

    public int? CountOrNull(string name, int least, int most)
    {
        if (Find(name) is not { } value) return null;
        return IsCount(value, least, most) ? value.GetInt32() : throw Wrong(name, $"a whole number from {least} to {most}", value);
    }

    public double Number(string name, double least, double most) => NumberOrNull(name, least, most) ?? throw Missing(name);

    public double? NumberOrNull(string name, double least, double most)
    {
        if (Find(name) is not { } value) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most
            ? number
            : throw Wrong(name, $"a number from {least} to {most}", value);
    }

    public bool? FlagOrNull(string name)
    {
        if (Find(name) is not { } value) return null;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, "true or false", value);
    }

    public string? TextOrNull(string name)
    {
        if (Find(name) is not { } value) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, "a string", value);
    }

    /// <summary>A whole number or a list of them; absent: none.</summary>
    public IReadOnlyList<int> CountOrList(string name, int least, int most)
    {
        if (Find(name) is not { } value) return [];
        var items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value];
        if (items.Length > 1_000 || !items.All(item => IsCount(item, least, most))) throw Wrong(name, $"whole numbers from {least} to {most}", value);
        return items.Select(item => item.GetInt32()).ToArray();
    }

    public ModelFileException Missing(string name) => new($"{_source}: \"{name}\" is missing; take the model's published config.");

    public ModelFileException Wrong(string name, string rule, JsonElement found) =>
        new($"{_source}: \"{name}\" must be {rule}; found {Show(found)}; take the model's published config.");

    // A lone surrogate passes the parser and throws where the string is first read; it is read here once, so that it is a sentence.
    private static void CheckTexts(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String) _ = value.GetString();
        if (value.ValueKind == JsonValueKind.Array)
            foreach (var item in value.EnumerateArray()) CheckTexts(item);
        if (value.ValueKind == JsonValueKind.Object)
            foreach (var member in value.EnumerateObject())
            {
                _ = member.Name;
                CheckTexts(member.Value);
            }
    }

    private static bool IsCount(JsonElement value, int least, int most) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most;

    private static string Show(JsonElement value)
    {
        var text = value.GetRawText().ReplaceLineEndings(" ");
        return text.Length > 80 ? text[..80] + "…" : text;
    }
}
