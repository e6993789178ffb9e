using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LST.Evaluation.Records;

/// <summary>A record of any kind, known ones and those of later builds: what all kinds share is typed, the rest stays JSON.</summary>
public sealed record AnyRecord : RunRecord
{
    /// <summary>An empty record of a kind, to be filled.</summary>
    [JsonConstructor]
    public AnyRecord(string kind)
        : base(kind)
    {
    }

    /// <summary>The fields that only this kind has.</summary>
    [JsonExtensionData]
    public JsonObject? Fields { get; init; }

    // Names of fields, such as Preset, must not be used here: the serializer would keep them from Fields.

    /// <summary>Name of the text that was read; null where the kind has none.</summary>
    [JsonIgnore]
    public string? TextName => (Fields?["text"] as JsonObject)?["name"] is JsonValue name && name.TryGetValue<string>(out var text) ? text : null;

    /// <summary>Preset of a sidecar; null where the kind has none.</summary>
    [JsonIgnore]
    public string? SidecarPreset => Fields?["preset"] is JsonValue name && name.TryGetValue<string>(out var preset) ? preset : null;

    /// <inheritdoc/>
    public override string ReadableName() => $"{Kind}-{Model.Name}";

    /// <inheritdoc/>
    public override string? Contradiction() => null;
}
