using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace LST.Notebooks.Reproduction;

/// <summary>Run records as a table: id, the command that makes it again, commit, when.</summary>
internal static class RecordList
{
    private const string Folder = "data/results/";

    /// <summary>HTML of those among the inputs.</summary>
    /// <param name="root">Root of the checkout.</param>
    /// <param name="inputs">Paths relative to it.</param>
    public static string Of(string root, IReadOnlyList<string> inputs)
    {
        var html = new StringBuilder("<h1>Records</h1>\n<p>Every number above comes from one of these files in <code>data/results</code>, or was computed while the notebook ran.</p>\n<table>\n<tr><th>record</th><th>command</th><th>commit</th><th>made</th></tr>\n");
        foreach (var input in inputs.Where(input => input.StartsWith(Folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var record = JsonNode.Parse(File.ReadAllText(Path.Combine(root, input)))!;
            string Of(JsonNode? node) => WebUtility.HtmlEncode((string?)node ?? "");
            var commit = Of(record["versions"]?["commit"]);
            html.Append($"<tr><td><code>{Of(record["id"])}</code></td><td><code>{Of(record["command"])}</code></td><td><code>{commit[..Math.Min(10, commit.Length)]}</code></td><td>{Of(record["created"])}</td></tr>\n");
        }
        return html.Append("</table>\n").ToString();
    }
}
