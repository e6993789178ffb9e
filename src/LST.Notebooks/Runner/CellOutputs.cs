using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.CodeAnalysis;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.Formatting;
using Diagnostic = Microsoft.DotNet.Interactive.Diagnostic;

namespace LST.Notebooks.Runner;

/// <summary>Collects what one cell brings out as outputs of nbformat. Events come from any thread.</summary>
/// <param name="displayed">Outputs of the whole notebook by display id: an update replaces the output where it stands, in an earlier cell too.</param>
/// <param name="executionCount">Number of the cell.</param>
/// <param name="limits">What is cut.</param>
internal sealed class CellOutputs(Dictionary<string, JsonObject> displayed, int executionCount, RunLimits limits)
{
    private static readonly HashSet<string> Harmless = ["CS1701", "CS1702"]; // Other versions of referenced assemblies: the runtime has answered already.

    private readonly Lock gate = new();
    private readonly List<JsonObject> outputs = [];
    private readonly List<Diagnostic> errors = [];
    private readonly Dictionary<string, long> printed = [];
    private (string Stream, StringBuilder Text)? open;
    private bool isClosed;

    /// <summary>The cell's failure, if it had one of its own.</summary>
    public CommandFailed? Failed { get; private set; }

    /// <summary>Errors of the compiler.</summary>
    public IReadOnlyList<Diagnostic> Errors => errors;

    public void Add(KernelEvent happened)
    {
        lock (gate)
        {
            if (isClosed) return;
            switch (happened)
            {
                case StandardOutputValueProduced print: Print("stdout", print); break;
                case StandardErrorValueProduced print: Print("stderr", print); break;
                case ErrorProduced error: Print("stderr", error.Message + "\n"); break;
                case DisplayedValueUpdated update when displayed.TryGetValue(update.ValueId, out var shown): shown["data"] = Data(update); break;
                case ReturnValueProduced { Value: DisplayedValue }: break;
                case ReturnValueProduced value: Show("execute_result", value); break;
                case DisplayEvent value: Show("display_data", value); break;
                case DiagnosticsProduced found: Diagnose(found.Diagnostics); break;
                case CommandFailed failed: Failed ??= failed; break;
            }
        }
    }

    /// <summary>The error as the last output, and an end: what a cell that was given up on prints later is nobody's.</summary>
    public JsonArray Close(CellFailure? failure)
    {
        lock (gate)
        {
            isClosed = true;
            CloseStream();
            foreach (var (stream, count) in printed.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                if (count > limits.PrintedCharacters) outputs.Add(Stream(stream, string.Create(CultureInfo.InvariantCulture, $"[{count - limits.PrintedCharacters:N0} more characters were printed and are left out here]\n")));
            if (failure is not null)
                outputs.Add(new JsonObject { ["output_type"] = "error", ["ename"] = failure.Name, ["evalue"] = failure.Message, ["traceback"] = new JsonArray([.. failure.Traceback.Select(line => (JsonNode)line)]) });
            return new JsonArray([.. outputs]);
        }
    }

    private void Diagnose(IReadOnlyCollection<Diagnostic> found)
    {
        errors.AddRange(found.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        foreach (var warning in found.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Warning && !Harmless.Contains(diagnostic.Code)))
            Print("stderr", $"line {warning.LinePositionSpan.Start.Line + 1}: warning {warning.Code}: {warning.Message}\n");
    }

    private void Print(string stream, DisplayEvent print) => Print(stream, print.FormattedValues.FirstOrDefault()?.Value ?? print.Value?.ToString() ?? "");

    private void Print(string stream, string text)
    {
        if (text.Length == 0) return;
        var before = printed.GetValueOrDefault(stream);
        printed[stream] = before + text.Length;
        if (before >= limits.PrintedCharacters) return;
        if (open?.Stream != stream)
        {
            CloseStream();
            open = (stream, new StringBuilder());
        }
        open!.Value.Text.Append(text.AsSpan(0, (int)Math.Min(text.Length, limits.PrintedCharacters - before)));
    }

    private void CloseStream()
    {
        if (open is { } stream) outputs.Add(Stream(stream.Stream, stream.Text.ToString()));
        open = null;
    }

    private static JsonObject Stream(string name, string text) => new() { ["output_type"] = "stream", ["name"] = name, ["text"] = NotebookJson.Lines(text.Replace("\r\n", "\n")) };

    private void Show(string kind, DisplayEvent value)
    {
        var data = Data(value);
        if (data.Count == 0) return;
        CloseStream();
        var output = new JsonObject { ["output_type"] = kind, ["data"] = data, ["metadata"] = new JsonObject() };
        if (kind == "execute_result") output["execution_count"] = executionCount;
        if (value.ValueId is { } id) displayed[id] = output;
        outputs.Add(output);
    }

    private JsonObject Data(DisplayEvent value)
    {
        var data = new JsonObject();
        foreach (var formatted in value.FormattedValues)
        {
            if (FrontEndScript.IsIn(formatted)) continue;
            data[formatted.MimeType] = formatted.Value.Length <= limits.ValueCharacters ? Value(formatted) : null;
            if (data[formatted.MimeType] is not null) continue;
            data.Remove(formatted.MimeType);
            data["text/plain"] ??= string.Create(CultureInfo.InvariantCulture, $"[a value of {formatted.Value.Length:N0} characters of {formatted.MimeType} is left out here]");
        }
        return data;
    }

    // In a file, JSON types are JSON; Jupyter's protocol sends them as text, which renderers of figures do not take.
    private static JsonNode Value(FormattedValue formatted)
    {
        if (formatted.MimeType.StartsWith("image/", StringComparison.Ordinal) && !formatted.MimeType.Contains("svg")) return formatted.Value;
        if (formatted.MimeType != "application/json" && !formatted.MimeType.EndsWith("+json", StringComparison.Ordinal)) return NotebookJson.Lines(formatted.Value);
        try
        {
            return JsonNode.Parse(formatted.Value) ?? "null";
        }
        catch (JsonException)
        {
            return formatted.Value;
        }
    }
}
