using System.Text.Json.Nodes;

namespace LST.Notebooks.Runner;

/// <summary>One cell; whatever else its JSON holds stays as it is.</summary>
public sealed class NotebookCell
{
    /// <summary>First-line markers of the languages that a notebook may mix: <c>#!fsharp</c>.</summary>
    public static IReadOnlyList<string> Languages { get; } = ["csharp", "fsharp", "html", "javascript", "mermaid", "sql", "markdown"];

    internal NotebookCell(JsonObject json, string id, string source) => (Json, Id, Source) = (json, id, source);

    /// <summary>Stable, human, unique in the notebook: <c>fig-error-grid</c>.</summary>
    public string Id { get; }

    /// <summary>The text of the cell.</summary>
    public string Source { get; }

    /// <summary>Whether it is code; else it is Markdown.</summary>
    public bool IsCode => Json["cell_type"]!.GetValue<string>() == "code";

    /// <summary>Tags of its metadata.</summary>
    public IReadOnlyList<string> Tags => [.. (Json["metadata"]?["tags"] as JsonArray ?? []).Select(tag => tag!.GetValue<string>())];

    /// <summary>The language that the first line names; <c>csharp</c> where it names none.</summary>
    public string Language => Marker ?? "csharp";

    /// <summary>What is run: the source, with a language marker's line left empty so that line numbers hold.</summary>
    public string Code => Marker is null ? Source : Source[FirstLine.Length..];

    internal JsonObject Json { get; }

    internal string? Marker => FirstLine.TrimEnd() is { } line && line.StartsWith("#!", StringComparison.Ordinal) && (Languages.Contains(line[2..]) || CellLanguages.Has(line[2..])) ? line[2..] : null;

    private string FirstLine => Source.IndexOf('\n') is var end and >= 0 ? Source[..end] : Source;
}
