using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Records;

/// <summary>Which model ran; no path of the machine.</summary>
/// <param name="Name">Short name: the folder's or file's (<c>lst-ref</c>).</param>
/// <param name="File">Name of the weights' file, or of the index of shards.</param>
/// <param name="WeightsSha256">Digest of the weights.</param>
/// <param name="Parameters">Number of parameters.</param>
public sealed record ModelIdentity(string Name, string File, string WeightsSha256, long Parameters);

/// <summary>Which text was read.</summary>
/// <param name="Name">The text's or the file's name.</param>
/// <param name="Sha256">Digest of its UTF-8 bytes.</param>
/// <param name="Bytes">Number of its UTF-8 bytes.</param>
/// <param name="Source">Where it was found, without any path of the machine.</param>
public sealed record TextIdentity(string Name, string Sha256, long Bytes, string Source)
{
    /// <summary>The identity of a loaded text.</summary>
    public static TextIdentity Of(LoadedText text) => new(text.Name, text.Sha256, text.Bytes, text.Source);
}

/// <summary>What ran: versions of the project and of what it stands on.</summary>
/// <param name="Project">Version of the project.</param>
/// <param name="Commit">Commit of the checkout, or <c>unknown</c>.</param>
/// <param name="Dirty">Whether tracked files differed from that commit; null: unknown.</param>
/// <param name="Runtime">.NET runtime.</param>
/// <param name="Libtorch">Native tensor library; null: not used.</param>
/// <param name="TorchSharp">Its .NET package; null: not used.</param>
public sealed record RunVersions(string Project, string Commit, bool? Dirty, string Runtime, string? Libtorch, string? TorchSharp);

/// <summary>Everything that every run leaves behind, whatever it measured. A kind of benchmark derives its own record and adds its rows.</summary>
public abstract record RunRecord
{
    /// <summary>The form that this build writes and reads.</summary>
    public const int CurrentSchema = 1;

    /// <summary>A record of a kind, which names its folder.</summary>
    protected RunRecord(string kind) => Kind = kind;

    /// <summary>Version of the record's form.</summary>
    [JsonPropertyOrder(-100)]
    public int SchemaVersion { get; init; } = CurrentSchema;

    /// <summary>Readable name and short content hash; given by the store.</summary>
    [JsonPropertyOrder(-99)]
    public string Id { get; init; } = "";

    /// <summary>The kind of run and the folder of its records: <c>ppl</c>, <c>recall</c>, …</summary>
    [JsonPropertyOrder(-98)]
    public string Kind { get; }

    /// <summary>When the run ended, UTC, ISO 8601.</summary>
    [JsonPropertyOrder(-97)]
    public string Created { get; init; } = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The command that makes it again, without paths of the machine (<see cref="CommandText"/>).</summary>
    [JsonPropertyOrder(-96)]
    public required string Command { get; init; }

    /// <summary>The run's options after resolution, defaults included.</summary>
    [JsonPropertyOrder(-95)]
    public required JsonObject Options { get; init; }

    /// <summary>The model.</summary>
    [JsonPropertyOrder(-94)]
    public required ModelIdentity Model { get; init; }

    /// <summary>Seed of everything drawn at random.</summary>
    [JsonPropertyOrder(-93)]
    public required long Seed { get; init; }

    /// <summary><c>float32</c>, <c>bfloat16</c> or <c>float16</c>.</summary>
    [JsonPropertyOrder(-92)]
    public required string Dtype { get; init; }

    /// <summary><c>cpu</c>, or the accelerator's name.</summary>
    [JsonPropertyOrder(-91)]
    public required string Device { get; init; }

    /// <summary>Attention that ran: <c>reference</c>, <c>cpu</c> or <c>gpu</c>.</summary>
    [JsonPropertyOrder(-90)]
    public required string Backend { get; init; }

    /// <summary>Threads of the tensor library.</summary>
    [JsonPropertyOrder(-89)]
    public required int Threads { get; init; }

    /// <summary>Versions.</summary>
    [JsonPropertyOrder(-88)]
    public required RunVersions Versions { get; init; }

    /// <summary>The machine.</summary>
    [JsonPropertyOrder(-87)]
    public MachineInfo Machine { get; init; } = MachineInfo.Current;

    /// <summary>Wall time of the run in seconds, loading included; of a resumed run, of its last part.</summary>
    [JsonPropertyOrder(-86)]
    public required double WallSeconds { get; init; }

    /// <summary>Largest resident memory of the process, bytes.</summary>
    [JsonPropertyOrder(-85)]
    public required long PeakMemoryBytes { get; init; }

    /// <summary>The readable part of the id, before the hash.</summary>
    public abstract string ReadableName();

    /// <summary>What contradicts itself in this record, one sentence; null: nothing. Checked before writing and after reading.</summary>
    public abstract string? Contradiction();
}
