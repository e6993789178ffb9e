using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Core;

namespace LST.Evaluation.Records;

/// <summary>
/// The folder of run records: <c>&lt;kind&gt;/&lt;id&gt;.json</c>, one file a run, written whole or not at all. The id ends with a hash of the content,
/// so that a record edited by hand is noticed.
/// </summary>
/// <param name="folder">Root folder, made on the first write.</param>
public sealed class RecordStore(string folder)
{
    private const int HashLength = 8;

    /// <summary>The store of this project: <see cref="ProjectFolders.Results"/>.</summary>
    public static RecordStore OfProject() => new(ProjectFolders.Results);

    /// <summary>Where a stored record lies.</summary>
    public string PathOf(RunRecord record) => Path.Combine(folder, record.Kind, record.Id + ".json");

    /// <summary>Gives the record its id and writes it.</summary>
    /// <returns>The record with its id.</returns>
    /// <exception cref="DataException">It contradicts itself, holds a number that is not finite, or cannot be written.</exception>
    public TRecord Write<TRecord>(TRecord record)
        where TRecord : RunRecord
    {
        if (record.Contradiction() is { } found) throw new DataException($"The record of '{record.Command}' is not written because {found}.");
        var text = Format(record with { Id = "" });
        var stored = (TRecord)(record with { Id = $"{Slug(record.ReadableName())}-{Hash(text)}" });
        AtomicFile.Write(PathOf(stored), Format(stored));
        return stored;
    }

    /// <summary>All records of a kind in the order of their ids; none when the folder is not there.</summary>
    /// <exception cref="DataException">A file is not a whole record of this kind.</exception>
    public IReadOnlyList<TRecord> ReadAll<TRecord>(string kind)
        where TRecord : RunRecord => [.. Files(kind).Select(Read<TRecord>)];

    /// <summary>The records of a kind that are whole, in the order of their ids.</summary>
    public IEnumerable<TRecord> ReadWhole<TRecord>(string kind)
        where TRecord : RunRecord
    {
        foreach (var path in Files(kind))
        {
            TRecord record;
            try
            {
                record = Read<TRecord>(path);
            }
            catch (DataException)
            {
                continue;
            }
            yield return record;
        }
    }

    /// <summary>Reads one record and checks it.</summary>
    /// <exception cref="DataException">The file is not a whole record of this kind.</exception>
    public static TRecord Read<TRecord>(string path)
        where TRecord : RunRecord
    {
        var name = Path.GetFileName(path);
        try
        {
            var text = File.ReadAllText(path).ReplaceLineEndings("\n");
            var schema = JsonNode.Parse(text)?["schema_version"]?.GetValue<int>();
            if (schema != RunRecord.CurrentSchema)
                throw new DataException($"The record '{name}' must have schema version {RunRecord.CurrentSchema}, but it has {schema?.ToString() ?? "none"}; make it again with this build.");
            var kind = JsonNode.Parse(text)?["kind"]?.GetValue<string>();
            var record = JsonSerializer.Deserialize<TRecord>(text, RecordJson.Options)!;
            if (record.Kind != kind) throw new DataException($"The record '{name}' must be of kind '{record.Kind}', but it is of kind '{kind}'; move it to its folder.");
            RequireHash(record.Id, text, name);
            if (record.Contradiction() is { } found) throw new DataException($"The record '{name}' contradicts itself: {found}; make it again.");
            return record;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException or FormatException)
        {
            throw new DataException($"The record '{name}' cannot be read ({exception.Message.TrimEnd('.')}); make it again.", exception);
        }
    }

    /// <summary>Refuses a record whose content does not have the hash at the end of its id.</summary>
    internal static void RequireHash(string id, string text, string name)
    {
        var blank = text.Replace($"\"id\": {JsonSerializer.Serialize(id, RecordJson.Options)}", "\"id\": \"\"", StringComparison.Ordinal);
        if (id.Length < HashLength || id + ".json" != name || id[^HashLength..] != Hash(blank))
            throw new DataException($"The record '{name}' was changed after it was written: its content does not have the hash in its name; make it again.");
    }

    private IEnumerable<string> Files(string kind)
    {
        var root = Path.Combine(folder, kind);
        return Directory.Exists(root) ? Directory.GetFiles(root, "*.json").Order(StringComparer.Ordinal) : [];
    }

    private static string Format(RunRecord record)
    {
        try
        {
            return RecordJson.Format((object)record);
        }
        catch (ArgumentException exception)
        {
            throw new DataException($"The record of '{record.Command}' holds a number that is not finite; run it in float32 and look at the method's output.", exception);
        }
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..HashLength];

    // Texts given by path bring any file name into the id.
    internal static string Slug(string name)
    {
        var slug = new StringBuilder();
        foreach (var c in name.ToLowerInvariant().Take(96))
        {
            if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || (c == '.' && slug.Length > 0)) slug.Append(c);
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
        }
        return slug.Length == 0 ? "run" : slug.ToString().TrimEnd('-', '.');
    }
}
