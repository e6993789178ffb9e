using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Records;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>
/// What all lines of a folder have in common, <c>run.json</c> beside them. What only chooses which rows and items are run (tasks, methods, ratios, limit, shard) may differ from command to command;
/// everything that changes a score may not. Methods and data join as they come.
/// </summary>
public sealed record ItemManifest
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "run.json";

    /// <summary>The form that this build writes.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Form of the file.</summary>
    public int SchemaVersion { get; init; } = CurrentSchema;

    /// <summary><c>recall</c>, <c>ruler</c>, <c>niah</c>, <c>zeroshot</c> or <c>longbench</c>.</summary>
    public required string Benchmark { get; init; }

    /// <summary>What is compressed; query-aware lines go into a folder of their own.</summary>
    public required string Mode { get; init; }

    /// <summary>Short name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Digest of its weights.</summary>
    public required string WeightsSha256 { get; init; }

    /// <summary>Seed of what is drawn.</summary>
    public required long Seed { get; init; }

    /// <summary>Resolved options of the command that change a score: dtype, attention, protocol, lengths of answers, … .</summary>
    public required JsonObject Settings { get; init; }

    /// <summary>Resolved options of each method by how it was typed.</summary>
    public required IReadOnlyDictionary<string, JsonObject> Methods { get; init; }

    /// <summary>Digest of each data file by its name.</summary>
    public required IReadOnlyDictionary<string, string> Data { get; init; }

    /// <summary>Digest of the weights of each learned row, by method and ratio: <c>lst@2</c>.</summary>
    public IReadOnlyDictionary<string, string> Sidecars { get; init; } = new Dictionary<string, string>();

    /// <summary>Commits of the builds that scored lines, with <c>+</c> behind one whose tracked files were changed; they join, and hinder nothing.</summary>
    public IReadOnlyList<string> Commits { get; init; } = [];

    /// <summary>Where this manifest and another disagree, in words; empty: nowhere.</summary>
    public IReadOnlyList<string> Differences(ItemManifest other)
    {
        var differences = new List<string>();
        void Compare(string name, JsonNode? here, JsonNode? there)
        {
            if (!JsonNode.DeepEquals(here, there)) differences.Add($"{name} is {Shown(here)} here and {Shown(there)} there");
        }
        Compare("schema_version", SchemaVersion, other.SchemaVersion);
        Compare("benchmark", Benchmark, other.Benchmark);
        Compare("mode", Mode, other.Mode);
        Compare("model", Model, other.Model);
        Compare("weights_sha256", WeightsSha256, other.WeightsSha256);
        Compare("seed", Seed, other.Seed);
        CompareMembers("settings", Settings, other.Settings);
        foreach (var (method, options) in Methods)
            if (other.Methods.TryGetValue(method, out var others)) CompareMembers($"methods.{method}", options, others);
        foreach (var (name, digest) in Data)
            if (other.Data.TryGetValue(name, out var others)) Compare($"data.{name}", digest, others);
        foreach (var (row, digest) in Sidecars)
            if (other.Sidecars.TryGetValue(row, out var others)) Compare($"sidecars.{row}", digest, others);
        return differences;

        void CompareMembers(string name, JsonObject here, JsonObject there)
        {
            foreach (var member in here.Concat(there).Select(pair => pair.Key).Distinct(StringComparer.Ordinal)) Compare($"{name}.{member}", here[member], there[member]);
        }
    }

    /// <summary>This manifest with the methods, data, sidecars and commits of another that agrees with it, in the order of their names.</summary>
    public ItemManifest With(ItemManifest other) => this with { Methods = Union(Methods, other.Methods), Data = Union(Data, other.Data), Sidecars = Union(Sidecars, other.Sidecars), Commits = [.. Commits.Union(other.Commits).Order(StringComparer.Ordinal)] };

    /// <summary>The file's text.</summary>
    public string Format() => RecordJson.Format(With(this));

    /// <summary>Reads a folder's manifest; null where there is none.</summary>
    /// <exception cref="DataException">The file is no manifest of this build.</exception>
    public static ItemManifest? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            var manifest = JsonSerializer.Deserialize<ItemManifest>(File.ReadAllText(path), RecordJson.Options);
            if (manifest?.SchemaVersion == CurrentSchema) return manifest;
            throw new DataException($"'{path}' must have schema version {CurrentSchema}, but it has {manifest?.SchemaVersion.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"}; take another folder.");
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new DataException($"'{path}' must say what the lines beside it have in common, but it cannot be read ({exception.Message.TrimEnd('.')}); take another folder.", exception);
        }
    }

    private static SortedDictionary<string, T> Union<T>(IReadOnlyDictionary<string, T> left, IReadOnlyDictionary<string, T> right)
    {
        var union = new SortedDictionary<string, T>(StringComparer.Ordinal);
        foreach (var (name, value) in left.Concat(right)) union[name] = value;
        return union;
    }

    private static string Shown(JsonNode? value) => value is null ? "absent" : value.ToJsonString(RecordJson.Options);
}
