using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LST.Notebooks.Runner;

/// <summary>Checks one cell of a notebook file: what is missing or of another kind is refused in a sentence that names notebook and cell.</summary>
internal static partial class CellReader
{
    public static NotebookCell Read(string notebook, int index, JsonNode? node)
    {
        var where = $"notebook '{notebook}', cell {index + 1}";
        if (node is not JsonObject json) throw new NotebookException($"{where} must be an object; save the notebook with a current front end");
        if (String(json["id"]) is not { } id || !Id().IsMatch(id))
            throw new NotebookException($"{where} must have an id of 1 to 64 letters, digits, '-' and '_', found {json["id"]?.ToJsonString() ?? "none"}; give it a readable one, such as load-model");
        where = $"notebook '{notebook}', cell '{id}'";
        if (String(json["cell_type"]) is not ("code" or "markdown"))
            throw new NotebookException($"{where} must be a code or a markdown cell, found {json["cell_type"]?.ToJsonString() ?? "none"}; turn it into one of them");
        if (NotebookJson.Text(json["source"]) is not { } source) throw new NotebookException($"{where}: its source must be a list of lines; save the notebook with a current front end");
        if (json["metadata"] is not JsonObject metadata) throw new NotebookException($"{where} must have an object 'metadata'; save the notebook with a current front end");
        if (metadata["tags"] is { } tags && (tags is not JsonArray list || list.Any(tag => String(tag) is null))) throw new NotebookException($"{where}: its tags must be a list of strings; write them so");
        if (String(json["cell_type"]) == "code" && json["outputs"] is not JsonArray) throw new NotebookException($"{where}: a code cell must have a list 'outputs'; save the notebook with a current front end");
        return new NotebookCell(json, id, source);
    }

    private static string? String(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;

    [GeneratedRegex(@"\A[a-zA-Z0-9_-]{1,64}\z")]
    private static partial Regex Id();
}
