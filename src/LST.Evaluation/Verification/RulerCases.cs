using System.Text.Json;
using LST.Core;
using LST.Evaluation.Benchmarks.Ruler;

namespace LST.Evaluation.Verification;

/// <summary>
/// Folders <c>ruler</c>: samples of RULER's own generators, line for line (<c>TASK.jsonl</c>), lengths that can never be made (<c>never-fits.json</c>) and cut points of double arithmetic
/// (<c>cut-points.json</c>); <c>params.json</c> names tokenizer and haystack. Everything is exact, the steps of the search too.
/// </summary>
public sealed class RulerCases : ICaseSource
{
    /// <inheritdoc/>
    public IEnumerable<CaseResult> Run(VerificationContext context)
    {
        if (!Directory.Exists(context.Folder)) yield break;
        var files = Directory.EnumerateFiles(context.Folder, "*.json*", SearchOption.AllDirectories).Where(path => IsBelowRuler(path, context)).Order(StringComparer.Ordinal);
        foreach (var group in files.GroupBy(path => Path.GetDirectoryName(path)!))
        {
            var folder = new Lazy<RulerFolder>(() => RulerFolder.Open(group.Key, context));
            foreach (var path in group)
            {
                var cases = Path.GetFileName(path) switch
                {
                    "never-fits.json" => Entries(path, context, (folder, entry) => folder.CheckNeverFits(entry)),
                    "cut-points.json" => [Guarded(context.Shown(path), () => CheckCutPoints(path))],
                    var name when name.EndsWith(".jsonl", StringComparison.Ordinal) => Lines(path, context),
                    _ => [],
                };
                foreach (var result in cases)
                {
                    yield return result;
                    context.Cancel.ThrowIfCancellationRequested();
                }
            }

            IEnumerable<CaseResult> Lines(string path, VerificationContext context)
            {
                var number = 0;
                foreach (var line in File.ReadLines(path))
                {
                    number++;
                    if (line.Trim().Length == 0) continue;
                    var name = $"{context.Shown(path)}:{number}";
                    using var document = Parse(line);
                    yield return document is null ? new CaseResult(name, Outcome.Failed, "the line is not JSON")
                        : !document.RootElement.TryGetProperty("sample_index", out _) ? NoSample(name, path)
                        : Guarded(name, () => folder.Value.CheckSample(document.RootElement));
                }
            }

            IEnumerable<CaseResult> Entries(string path, VerificationContext context, Func<RulerFolder, JsonElement, string?> check)
            {
                using var document = Parse(File.ReadAllText(path));
                if (document is null) yield return new CaseResult(context.Shown(path), Outcome.Failed, "the file is not JSON");
                var number = 0;
                foreach (var entry in document?.RootElement.EnumerateArray() ?? default)
                    yield return Guarded($"{context.Shown(path)}:{++number}", () => check(folder.Value, entry));
            }
        }
    }

    // Beside params.json lie samples alone; elsewhere a line may be anything.
    private static CaseResult NoSample(string name, string path) => File.Exists(Path.Combine(Path.GetDirectoryName(path)!, RulerFolder.ParametersFile))
        ? new CaseResult(name, Outcome.Failed, "the line has no sample_index, which says which sample of a generator it is")
        : new CaseResult(name, Outcome.Skipped, "the line names no sample of a generator");

    private static bool IsBelowRuler(string path, VerificationContext context)
    {
        var parent = Path.GetDirectoryName(Path.GetFullPath(context.Folder)) ?? context.Folder;
        var folder = Path.GetRelativePath(parent, Path.GetDirectoryName(Path.GetFullPath(path))!).Replace('\\', '/');
        return folder.Split('/').Contains("ruler");
    }

    private static string? CheckCutPoints(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(path));
        foreach (var point in document.RootElement.EnumerateArray())
        {
            var (sentences, depth, expected) = (point[0].GetInt32(), point[1].GetInt32(), point[2].GetInt32());
            if (DepthGrid.CutPoint(sentences, depth) is var cut && cut != expected) return $"{sentences} sentences at depth {depth} are cut at {cut}, expected {expected}";
        }
        return null;
    }

    private static JsonDocument? Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static CaseResult Guarded(string name, Func<string?> check)
    {
        try
        {
            return check() is { } difference ? new CaseResult(name, Outcome.Failed, difference) : new CaseResult(name, Outcome.Passed, "exact");
        }
        catch (Exception error) when (error is LstException or IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return new CaseResult(name, Outcome.Failed, error.Message);
        }
    }
}
