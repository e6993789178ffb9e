using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Evaluation.Records;

namespace LST.Notebooks.Runner;

/// <summary>
/// A notebook in nbformat 4.5. Ids must be there and unique, cells are code or Markdown, texts are lines; metadata and whatever else is unknown is kept.
/// </summary>
public sealed class NotebookFile
{
    private NotebookFile(string name, JsonObject json, IReadOnlyList<NotebookCell> cells) => (Name, Json, Cells) = (name, json, cells);

    /// <summary>File name without its ending: what the executed copy and its pictures are called.</summary>
    public string Name { get; }

    /// <summary>The cells, top to bottom.</summary>
    public IReadOnlyList<NotebookCell> Cells { get; }

    /// <summary>
    /// Digest of what the notebook says: kinds, ids, texts and tags of its cells. Outputs, counts and what a front end writes into metadata do not count.
    /// </summary>
    public string ContentSha256
    {
        get
        {
            var content = new JsonArray([.. Cells.Select(cell =>
                new JsonArray(cell.IsCode ? "code" : "markdown", cell.Id, cell.Source, new JsonArray([.. cell.Tags.Select(tag => (JsonNode)tag)])))]);
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content.ToJsonString())));
        }
    }

    internal JsonObject Json { get; }

    /// <summary>Reads a notebook.</summary>
    /// <exception cref="NotebookException">It is not there, or breaks a rule of the format.</exception>
    public static NotebookFile Read(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path), Path.GetFileNameWithoutExtension(path));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new NotebookException($"the notebook '{path}' cannot be read ({problem.Message.TrimEnd('.')}); give the path of an .ipynb file", problem);
        }
    }

    /// <summary>Reads the bytes of a notebook.</summary>
    /// <param name="utf8">The file's content.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="NotebookException">It breaks a rule of the format.</exception>
    public static NotebookFile Parse(ReadOnlySpan<byte> utf8, string name)
    {
        JsonObject json;
        try
        {
            json = JsonNode.Parse(utf8, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject ?? throw new JsonException("it is no object");
        }
        catch (JsonException problem)
        {
            throw new NotebookException($"notebook '{name}' must be JSON, but {FirstSentence(problem.Message)}; open it in a front end and save it again", problem);
        }
        if (!IsNumber(json["nbformat"], 4) || !IsNumber(json["nbformat_minor"], 5))
            throw new NotebookException($"notebook '{name}' must be nbformat 4.5, found {json["nbformat"]?.ToJsonString() ?? "none"}.{json["nbformat_minor"]?.ToJsonString() ?? "none"}; save it with a current front end");
        if (json["metadata"] is not JsonObject) throw new NotebookException($"notebook '{name}' must have an object 'metadata'; save it with a current front end");
        if (json["cells"] is not JsonArray list) throw new NotebookException($"notebook '{name}' must have a list 'cells'; save it with a current front end");
        var cells = list.Select((cell, index) => CellReader.Read(name, index, cell)).ToList();
        if (cells.GroupBy(cell => cell.Id, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new NotebookException($"notebook '{name}': the cell id '{twice.Key}' stands at {twice.Count()} cells; ids must be unique, rename one");
        return new NotebookFile(name, json, cells);
    }

    /// <summary>A notebook of these cells, for the C# kernel.</summary>
    /// <param name="name">File name without its ending.</param>
    /// <param name="cells">Kind (<c>code</c> or <c>markdown</c>), id and text.</param>
    public static NotebookFile Create(string name, IEnumerable<(string Kind, string Id, string Source)> cells)
    {
        var json = new JsonObject
        {
            ["cells"] = new JsonArray([.. cells.Select(cell => NewCell(cell.Kind, cell.Id, cell.Source))]),
            ["metadata"] = new JsonObject
            {
                ["kernelspec"] = new JsonObject { ["display_name"] = ".NET (C#)", ["language"] = "C#", ["name"] = ".net-csharp" },
                ["language_info"] = new JsonObject { ["file_extension"] = ".cs", ["mimetype"] = "text/x-csharp", ["name"] = "csharp", ["pygments_lexer"] = "csharp" },
            },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        };
        return Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), name);
    }

    /// <summary>The text of the file, as Jupyter would write it.</summary>
    public string Format() => NotebookJson.Format(Json);

    /// <summary>Writes the file, all of it or nothing.</summary>
    public void Write(string path) => AtomicFile.Write(path, Format());

    internal static JsonObject NewCell(string kind, string id, string source)
    {
        var cell = new JsonObject { ["cell_type"] = kind, ["id"] = id, ["metadata"] = new JsonObject(), ["source"] = NotebookJson.Lines(source) };
        if (kind == "code") (cell["execution_count"], cell["outputs"]) = (null, new JsonArray());
        return cell;
    }

    private static bool IsNumber(JsonNode? node, int number) => node?.GetValueKind() == JsonValueKind.Number && node.ToJsonString() == $"{number}";

    private static string FirstSentence(string text) => text.Split(". ", 2)[0].TrimEnd('.');
}
