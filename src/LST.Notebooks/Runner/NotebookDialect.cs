using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LST.Notebooks.Runner;

/// <summary>The rules of our own notebooks on top of the format: no outputs, readable ids, one bootstrap cell, plain C#, a size limit.</summary>
public static partial class NotebookDialect
{
    /// <summary>Most bytes of a source notebook.</summary>
    public const int MostSourceBytes = 100_000;

    /// <summary>The first code cell of a notebook that lies one folder below the root of the checkout.</summary>
    public const string Bootstrap = "#r \"../src/LST.Cli/bin/Release/net10.0/LST.Notebooks.dll\"\nLST.Notebooks.Workbench.Load();";

    /// <summary>Every rule that the notebook breaks, one sentence each; empty: none.</summary>
    public static IReadOnlyList<string> Complaints(NotebookFile notebook)
    {
        var complaints = new List<string>();
        void Complain(NotebookCell? cell, string rule) => complaints.Add(cell is null ? $"notebook '{notebook.Name}': {rule}" : $"notebook '{notebook.Name}', cell '{cell.Id}': {rule}");

        var bytes = System.Text.Encoding.UTF8.GetByteCount(notebook.Format());
        if (bytes > MostSourceBytes) Complain(null, $"a source may have {MostSourceBytes / 1000} KB, this one has {bytes / 1000}; move code into the library");
        if (notebook.Cells is not [{ IsCode: false }, ..]) Complain(null, "the first cell must be Markdown with the title; put one in front");
        var code = notebook.Cells.Where(cell => cell.IsCode).ToList();
        if (code.Count == 0 || !IsBootstrap(code[0])) Complain(code.FirstOrDefault(), "the first code cell must be the bootstrap: #r of LST.Notebooks.dll, then LST.Notebooks.Workbench.Load();");
        foreach (var cell in code.Skip(1).Where(cell => Reference().IsMatch(cell.Source))) Complain(cell, "only the bootstrap cell may hold #r; what is missing there belongs into Workbench.Load");
        foreach (var cell in notebook.Cells.Where(cell => Generated().IsMatch(cell.Id))) Complain(cell, "its id must be readable and lasting, such as load-model; this one was made by a front end, rename it");
        foreach (var cell in code.Where(cell => cell.Json["outputs"]!.AsArray().Count > 0 || cell.Json["execution_count"] is { } count && count.GetValueKind() != JsonValueKind.Null))
            Complain(cell, "a source holds no outputs and no counts; clear them before saving");
        var isPolyglot = (notebook.Json["metadata"]!["tags"] as JsonArray)?.Any(tag => tag?.GetValueKind() == JsonValueKind.String && tag.GetValue<string>() == "polyglot") == true;
        foreach (var cell in code)
        {
            if (cell.Marker is not null && !isPolyglot) Complain(cell, $"it is in another language (#!{cell.Marker}); only a notebook with the tag polyglot in its metadata may mix languages");
            foreach (var line in cell.Code.Split('\n').Where(line => Magic().IsMatch(line))) if (!isPolyglot || !Shared().IsMatch(line)) Complain(cell, $"'{line.Trim()}' is a magic command; write plain C#");
        }
        return complaints;
    }

    private static bool IsBootstrap(NotebookCell cell) => Reference().IsMatch(cell.Source) && cell.Source.Contains("LST.Notebooks.Workbench.Load();", StringComparison.Ordinal);

    [GeneratedRegex("^\\s*#r\\s", RegexOptions.Multiline)]
    private static partial Regex Reference();

    [GeneratedRegex(@"^\s*(#!|%)")]
    private static partial Regex Magic();

    // The one command that a notebook of several languages needs: handing a value over.
    [GeneratedRegex(@"^\s*#!(share|set)\s")]
    private static partial Regex Shared();

    // Eight hex digits (nbformat, VS Code), or a UUID.
    [GeneratedRegex(@"\A([0-9a-f]{8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z]+_?[0-9a-f]{12,})\z")]
    private static partial Regex Generated();
}
