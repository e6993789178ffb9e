using System.Text.Json;

namespace LST.Evaluation.Verification.Metrics;

/// <summary>Lines of every <c>metrics.jsonl</c>: scoring functions and generators against the values of the reference programs. An unknown metric fails, so that none is passed over.</summary>
/// <param name="checks">What is computed for each name of a metric.</param>
internal sealed class MetricCases(IReadOnlyDictionary<string, MetricCheck> checks) : ICaseSource
{
    /// <inheritdoc/>
    public IEnumerable<CaseResult> Run(VerificationContext context)
    {
        if (!Directory.Exists(context.Folder)) yield break;
        foreach (var path in Directory.EnumerateFiles(context.Folder, "metrics.jsonl", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var number = 0;
            foreach (var line in File.ReadLines(path))
            {
                number++;
                if (line.Length == 0) continue;
                context.Cancel.ThrowIfCancellationRequested();
                yield return Case(line, $"{context.Shown(path)}:{number}", context);
            }
        }
    }

    private CaseResult Case(string line, string place, VerificationContext context)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var (root, metric) = (document.RootElement, document.RootElement.GetProperty("metric").GetString()!);
            var name = root.TryGetProperty("id", out var id) ? $"{place} {id.GetString()}" : $"{place} {metric}";
            if (!checks.TryGetValue(metric, out var check)) return new CaseResult(name, Outcome.Failed, $"metric '{metric}' is unknown");
            return check(root.GetProperty("inputs"), root.GetProperty("expected"), context) is { } difference
                ? new CaseResult(name, Outcome.Failed, difference)
                : new CaseResult(name, Outcome.Passed, metric);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return new CaseResult(place, Outcome.Failed, error.Message);
        }
    }
}
