using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LST.Notebooks.Figures;

/// <summary>The part of plotly.js's JSON that every front end draws alike: the versions 2.28 (ours), 2.35 (VS Code), 3 (JupyterLab) and 4.</summary>
public static class PlotlySubset
{
    /// <summary>Most bytes of a figure.</summary>
    public const int MostBytes = 1_000_000;

    private static readonly HashSet<string> TraceTypes =
        ["scatter", "scattergl", "bar", "heatmap", "box", "violin", "histogram", "histogram2d", "contour", "scatter3d", "surface", "table", "scatterpolar", "sankey"];

    // Taken away in version 3 or 4, or known to one version only.
    private static readonly HashSet<string> Gone =
        ["titlefont", "titleside", "titleposition", "titleoffset", "transforms", "frames", "bdata", "template", "autotick", "bardir", "subtitle"];

    private static readonly HashSet<string> Methods = ["restyle", "update", "relayout", "skip"];

    /// <summary>What is outside the subset, one sentence each with its path; empty when nothing is.</summary>
    public static IReadOnlyList<string> Check(JsonObject figure)
    {
        var found = new List<string>();
        if (figure["data"] is not JsonArray data) return ["data: must be an array of traces"];
        if (figure["layout"] is not JsonObject layout) return ["layout: must be an object"];
        foreach (var key in figure.Select(pair => pair.Key).Except(["data", "layout", "config"])) found.Add($"{key}: a figure has data, layout and config only");
        for (var i = 0; i < data.Count; i++)
            if (data[i]?["type"]?.GetValue<string>() is not { } type || !TraceTypes.Contains(type)) found.Add($"data[{i}].type: '{data[i]?["type"]}' is not drawn by every version");
        foreach (var side in new[] { "width", "height" })
            if (!double.TryParse(layout[side]?.ToJsonString(), out var pixels) || pixels <= 0) found.Add($"layout.{side}: must be given, so that picture and figure have one size");
        Walk(figure, "", found);
        var bytes = Encoding.UTF8.GetByteCount(figure.ToJsonString());
        if (bytes > MostBytes) found.Add($"{bytes:N0} bytes: at most {MostBytes:N0}");
        return found;
    }

    private static void Walk(JsonNode? node, string path, List<string> found)
    {
        if (node is JsonArray array)
        {
            var numbers = array.Any(item => item?.GetValueKind() == JsonValueKind.Number);
            for (var i = 0; i < array.Count; i++)
            {
                if (numbers && array[i]?.GetValueKind() == JsonValueKind.String && array[i]!.GetValue<string>() is "NaN" or "Infinity" or "-Infinity")
                    found.Add($"{path}[{i}]: a number that is not finite must be null");
                Walk(array[i], $"{path}[{i}]", found);
            }
        }
        else if (node is JsonObject inner)
        {
            foreach (var (key, value) in inner) CheckMember(key, value, path.Length == 0 ? key : $"{path}.{key}", found);
        }
    }

    private static void CheckMember(string key, JsonNode? value, string path, List<string> found)
    {
        if (Gone.Contains(key)) found.Add($"{path}: not in every version");
        if (key == "title" && value is JsonValue) found.Add($"{path}: must be {{text}}");
        if (key == "method" && value is JsonValue method && !Methods.Contains(method.ToString())) found.Add($"{path}: '{method}' needs frames or a callback");
        Walk(value, path, found);
    }
}
