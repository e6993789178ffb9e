using System.Text.Json;
using LST.Core;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>
/// Sets of lm-evaluation-harness: folders with <c>results.json</c> or <c>brief.json</c> that name a model and how the harness was run, and rows beside them. A case is a row of a
/// <c>.jsonl</c> (an item of a task, a rolling document, a pair of strings), a task of <c>results.json</c> (scores over its rows) or of <c>brief.json</c> (scores over a whole data file).
/// </summary>
public sealed class HarnessCases : ICaseSource
{
    /// <inheritdoc/>
    public IEnumerable<CaseResult> Run(VerificationContext context)
    {
        if (!Directory.Exists(context.Folder)) yield break;
        foreach (var folder in Directory.EnumerateDirectories(context.Folder, "*", SearchOption.AllDirectories).Prepend(context.Folder).Order(StringComparer.Ordinal))
        {
            if (!HarnessSet.IsOne(folder)) continue;
            foreach (var result in RunSet(folder, context)) yield return result;
        }
    }

    private static IEnumerable<CaseResult> RunSet(string folder, VerificationContext context)
    {
        using var opened = new Opened(folder, context);
        var rows = new Dictionary<string, HarnessRows>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder, "*.jsonl").Order(StringComparer.Ordinal))
        {
            HarnessRows? file = null;
            var number = 0;
            foreach (var line in File.ReadLines(path))
            {
                number++;
                if (string.IsNullOrWhiteSpace(line)) continue;
                context.Cancel.ThrowIfCancellationRequested();
                yield return Guard($"{context.Shown(path)}:{number}", differences => (file ??= rows[Path.GetFileNameWithoutExtension(path)] = new HarnessRows(opened.Set)).Check(line, differences, context.Cancel));
            }
        }
        foreach (var (name, task) in HarnessSet.Tasks(folder, HarnessSet.ResultsFile))
            yield return Guard($"{context.Shown(Path.Combine(folder, HarnessSet.ResultsFile))}/{name}", differences => new HarnessSummary(opened.Set, name, task, differences).OfRows(rows.GetValueOrDefault(name)));
        foreach (var (name, task) in HarnessSet.Tasks(folder, HarnessSet.BriefFile))
        {
            context.Cancel.ThrowIfCancellationRequested();
            yield return Guard($"{context.Shown(Path.Combine(folder, HarnessSet.BriefFile))}/{name}", differences => new HarnessSummary(opened.Set, name, task, differences).OfFile(context.Cancel));
        }
    }

    private static CaseResult Guard(string name, Action<Differences> check)
    {
        var differences = new Differences();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        try
        {
            check(differences);
        }
        catch (Exception problem) when (problem is LstException or IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or FormatException)
        {
            differences.That(false, problem.Message);
        }
        return differences.Result(name);
    }

    // The set is opened by its first case; where that fails, every case of it fails for the same reason.
    private sealed class Opened(string folder, VerificationContext context) : IDisposable
    {
        private HarnessSet? set;
        private LstException? problem;

        public HarnessSet Set
        {
            get
            {
                if (problem is not null) throw problem;
                try
                {
                    return set ??= HarnessSet.Open(folder, context);
                }
                catch (LstException failure)
                {
                    problem = failure;
                    throw;
                }
            }
        }

        public void Dispose() => set?.Dispose();
    }
}
