using System.Text.Json;
using LST.Core;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Benchmarks.ZeroShot.Rolling;

/// <summary>Documents of a rolling perplexity and where they came from.</summary>
/// <param name="Source">Where they were found, without any path of the machine.</param>
/// <param name="Sha256">Digest of the file's text, lower-case hex.</param>
/// <param name="Pages">The documents as the file has them, at least one.</param>
public sealed record RollingItems(string Source, string Sha256, IReadOnlyList<string> Pages)
{
    /// <summary>The text that lm-evaluation-harness scores, as the catalogue calls it: WikiText-2 raw, test split.</summary>
    public const string TextName = "wikitext2";

    /// <summary>The test split of WikiText-2 on this machine.</summary>
    /// <exception cref="DataException">It is missing or changed.</exception>
    public static RollingItems FromEnvironment()
    {
        var text = TextCatalog.FromEnvironment().Load(TextName);
        return new RollingItems(text.Source, text.Sha256, WikiTextPages.Split(text.Content));
    }

    /// <summary>Reads a file: raw WikiText, or JSON lines with the text <c>page</c>, the form of the data set <c>EleutherAI/wikitext_document_level</c>.</summary>
    /// <param name="path">The file, which may be gzip.</param>
    /// <exception cref="DataException">It cannot be read, a line is no document, or there is none.</exception>
    public static RollingItems Read(string path)
    {
        var name = $"file {Path.GetFileName(path)}";
        var content = TextFile.Read(path, name);
        IReadOnlyList<string> pages = content.TrimStart().StartsWith('{') ? [.. JsonPages(content, name)] : WikiTextPages.Split(content);
        return pages.Count > 0 ? new RollingItems(name, TextFile.Digest(content).Sha256, pages)
            : throw new DataException($"{name}: a rolling perplexity needs at least one document, but the file has none; give a raw WikiText file, or JSON lines with the text 'page'.");
    }

    private static IEnumerable<string> JsonPages(string content, string name)
    {
        var number = 0;
        foreach (var line in content.Split('\n'))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line)) yield return Page(line) ?? throw new DataException($"{name} line {number} has to be an object with the text 'page', but it is not; write the file again.");
        }
    }

    // What is empty has no bytes to divide by.
    private static string? Page(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("page", out var page) && page.ValueKind == JsonValueKind.String && page.GetString() is { Length: > 0 } text ? text : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
