using System.Text.Json;
using System.Text.Json.Serialization;

namespace LST.Evaluation.Texts;

/// <summary>A file of a data set as it was recorded; one with another digest is refused.</summary>
/// <param name="Path">Path below a data folder, with forward slashes.</param>
/// <param name="Bytes">Length of the file in bytes.</param>
/// <param name="Sha256">Digest of the file, lower-case hex.</param>
public sealed record DatasetFile(string Path, long Bytes, string Sha256);

/// <summary>Which records of a file with separator lines make a text.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RecordSelection>))]
public enum RecordSelection
{
    /// <summary>The file as it is; it has no records.</summary>
    [JsonStringEnumMemberName("whole")] Whole,

    /// <summary>All records.</summary>
    [JsonStringEnumMemberName("all")] All,

    /// <summary>Records 0, 2, 4, …</summary>
    [JsonStringEnumMemberName("even")] Even,

    /// <summary>Records 1, 3, 5, …</summary>
    [JsonStringEnumMemberName("odd")] Odd,
}

/// <summary>A text that the project knows by name.</summary>
public sealed record DatasetText
{
    /// <summary>Name on the command line.</summary>
    public required string Name { get; init; }

    /// <summary><c>test</c>, <c>development</c> or <c>training</c>.</summary>
    public required string Role { get; init; }

    /// <summary>What it is, in words.</summary>
    public required string Title { get; init; }

    /// <summary>Licence as its source states it.</summary>
    public required string Licence { get; init; }

    /// <summary>Where it comes from, in words: <c>owner/repository@commit path</c>, or a package and its version.</summary>
    public required string Address { get; init; }

    /// <summary>How the text was made from what lies at <see cref="Address"/>.</summary>
    public required string Made { get; init; }

    /// <summary>Length of the text in UTF-8 bytes; null where the text is what happens to be there.</summary>
    public required long? Bytes { get; init; }

    /// <summary>Digest of the text's UTF-8 bytes, lower-case hex; null where the text is what happens to be there.</summary>
    public required string? Sha256 { get; init; }

    /// <summary>Which records of the files are taken.</summary>
    public required RecordSelection Records { get; init; }

    /// <summary>The files of a data folder that hold the text.</summary>
    public required IReadOnlyList<DatasetFile> Files { get; init; }

    /// <summary>Whether the text can be made from the restored package when no data folder has it.</summary>
    [JsonIgnore]
    public bool ComesWithPackage => Address.StartsWith("package " + ReferencePack.PackageName, StringComparison.Ordinal);
}

/// <summary>A model file that is not part of the project.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Title">What it is, in words.</param>
/// <param name="Licence">Licence as its source states it.</param>
/// <param name="Address">Where it comes from, in words.</param>
/// <param name="Path">Path below a data folder, with forward slashes.</param>
/// <param name="Bytes">Length of the file in bytes.</param>
/// <param name="Sha256">Digest of the file, lower-case hex.</param>
public sealed record DatasetModel(string Name, string Title, string Licence, string Address, string Path, long Bytes, string Sha256);

/// <summary>The catalogue of data that the project names but does not carry: <c>data/datasets.lock.json</c>, embedded in this assembly.</summary>
/// <param name="SchemaVersion">Version of the file's form; 1.</param>
/// <param name="Texts">Texts, in the order of the documentation.</param>
/// <param name="Models">Model files.</param>
public sealed record DatasetLock(int SchemaVersion, IReadOnlyList<DatasetText> Texts, IReadOnlyList<DatasetModel> Models)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The catalogue of this build.</summary>
    public static DatasetLock Current { get; } = Read();

    private static DatasetLock Read()
    {
        using var stream = typeof(DatasetLock).Assembly.GetManifestResourceStream("datasets.lock.json")
            ?? throw new InvalidOperationException("datasets.lock.json is not embedded in the assembly");
        return JsonSerializer.Deserialize<DatasetLock>(stream, Options) ?? throw new InvalidOperationException("datasets.lock.json is empty");
    }
}
