using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Core;

namespace LST.Evaluation.Records;

/// <summary>A record of any kind and the file that it was read from.</summary>
/// <param name="Path">Where the file lies.</param>
/// <param name="Content">Its text.</param>
/// <param name="Record">What it says.</param>
public sealed record RecordFile(string Path, string Content, AnyRecord Record)
{
    /// <summary>Reads a file and checks what holds for every kind: the schema, the shared fields, and the hash in its name.</summary>
    /// <exception cref="DataException">It is not a whole record.</exception>
    public static RecordFile Read(string path)
    {
        var name = System.IO.Path.GetFileName(path);
        try
        {
            var content = File.ReadAllText(path).ReplaceLineEndings("\n");
            var schema = JsonNode.Parse(content)?["schema_version"]?.GetValue<int>();
            if (schema != RunRecord.CurrentSchema)
                throw new DataException($"The record '{name}' must have schema version {RunRecord.CurrentSchema}, but it has {schema?.ToString() ?? "none"}; make it again with this build.");
            var record = JsonSerializer.Deserialize<AnyRecord>(content, RecordJson.Options)!;
            RecordStore.RequireHash(record.Id, content, name);
            return new RecordFile(path, content, record);
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException or FormatException)
        {
            throw new DataException($"The record '{name}' cannot be read ({exception.Message.TrimEnd('.')}); make it again.", exception);
        }
    }
}
