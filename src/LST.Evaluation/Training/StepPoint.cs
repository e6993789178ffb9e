using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Core;

namespace LST.Evaluation.Training;

/// <summary>Losses of training steps: means over a run of them that ends at <paramref name="Step"/>. Those that were not trained are 0.</summary>
/// <param name="Step">Last step of the run.</param>
/// <param name="Lm">Cross-entropy of the continuation, nats a token.</param>
/// <param name="Kl">Divergence from the dense model, nats a token.</param>
/// <param name="Qpaa">QPAA without its weight.</param>
/// <param name="Diversity">Diversity loss without its weight.</param>
/// <param name="Importance">Loss of the importance of tokens.</param>
public sealed record StepPoint(int Step, double Lm, double Kl, double Qpaa, double Diversity, double Importance)
{
    /// <summary>Most points of a record.</summary>
    public const int Most = 200;

    /// <summary>
    /// The steps of a <c>log.jsonl</c>, which a run may be writing; more than <paramref name="most"/> become means of runs that are equally long to one step. A last line without its end is
    /// one that is being written, or was when the run was stopped, and is left out.
    /// </summary>
    /// <exception cref="DataException">The file cannot be read as a log.</exception>
    public static IReadOnlyList<StepPoint> ReadLog(string path, int most = Most)
    {
        try
        {
            List<StepPoint> steps = [];
            foreach (var line in WholeLines(path))
                if (JsonNode.Parse(line) is JsonObject entry && entry.ContainsKey("ce"))
                    steps.Add(new StepPoint(entry["step"]!.GetValue<int>(), Number(entry, "ce"), Number(entry, "kl"), Number(entry, "qpaa"), Number(entry, "div"), Number(entry, "importance")));
            return Thinned(steps, most);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new DataException($"the training log '{Path.GetFileName(path)}' cannot be read ({wrong.Message.TrimEnd('.')}); give the log.jsonl of a training run", wrong);
        }
    }

    internal static IReadOnlyList<StepPoint> Thinned(IReadOnlyList<StepPoint> steps, int most)
    {
        if (steps.Count <= most) return steps;
        return [.. Enumerable.Range(0, most).Select(i =>
        {
            var (from, to) = ((int)((long)i * steps.Count / most), (int)((long)(i + 1) * steps.Count / most));
            var run = steps.Skip(from).Take(to - from).ToList();
            return new StepPoint(run[^1].Step, run.Average(s => s.Lm), run.Average(s => s.Kl), run.Average(s => s.Qpaa), run.Average(s => s.Diversity), run.Average(s => s.Importance));
        })];
    }

    private static IEnumerable<string> WholeLines(string path)
    {
        // The writer keeps its file open: whoever reads must allow that, or some systems refuse.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n')[..^1];
    }

    // Logs of older builds have no importance.
    private static double Number(JsonObject entry, string name) => entry[name]?.GetValue<double>() ?? 0;
}
