using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LST.Core.Sidecar;

/// <summary>Options of a sidecar as JSON: snake_case names, kebab-case choices, nothing unknown, nothing twice.</summary>
internal static class SidecarConfigJson
{
    private const int ShownLength = 40;

    private static readonly JsonSerializerOptions Rules = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private static IEnumerable<JsonPropertyInfo> Known => Rules.GetTypeInfo(typeof(SidecarConfig)).Properties.Where(property => property.Set is not null);

    /// <summary>One line.</summary>
    public static string Write(SidecarConfig config) => JsonSerializer.Serialize(config, Rules);

    /// <summary>The options, their ranges not yet checked.</summary>
    /// <param name="json">The text.</param>
    /// <param name="file">The file, for sentences.</param>
    /// <exception cref="SidecarException">Not a JSON object, or an option that is unknown, missing, named twice or of another type.</exception>
    public static SidecarConfig Read(string json, string file)
    {
        SidecarException Refused(string found, Exception? cause = null) =>
            new($"{file}: its metadata 'lst' is not the config of a sidecar: {found}; make the file again with ./lst train", cause);
        try
        {
            if (JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) is not JsonObject given) throw Refused("it is no JSON object");
            if (given.Select(pair => pair.Key).Except(Known.Select(property => property.Name)).FirstOrDefault() is { } unknown)
                throw Refused($"option '{Shown(unknown)}' is unknown; known: {string.Join(", ", Known.Select(property => property.Name))}");
            if (Known.FirstOrDefault(property => property.IsRequired && !given.ContainsKey(property.Name)) is { } missing) throw Refused($"option '{missing.Name}' is missing");
            try
            {
                return given.Deserialize<SidecarConfig>(Rules)!;
            }
            catch (JsonException error)
            {
                throw Refused(Unfit(given, error.Path ?? "$"), error);
            }
        }
        catch (JsonException error)
        {
            throw Refused(IsJson(json) ? "an option stands twice in it" : "it is not JSON", error);
        }
    }

    // E.g. option 'network' holds "forest"; it is one of encoder, trunk, per-head.
    private static string Unfit(JsonObject given, string path)
    {
        var name = path.Split('.', '[').ElementAtOrDefault(1) ?? "";
        var type = Known.FirstOrDefault(property => property.Name == name)?.PropertyType;
        var rule = type is { IsEnum: true } ? $"it is one of {string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.KebabCaseLower.ConvertName))}" : "a value of another type is expected";
        return $"option '{Shown(path.TrimStart('$', '.'))}' does not fit, {name} holds {Shown(given[name]?.ToJsonString() ?? "null")}; {rule}";
    }

    private static bool IsJson(string text)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Shown(string text)
    {
        var line = new string([.. text.Select(letter => char.IsControl(letter) ? ' ' : letter)]);
        return line.Length <= ShownLength ? line : $"{line[..ShownLength]}…";
    }
}
