using System.Text.Json;

namespace LST.Core.Training;

/// <summary>A line of the log of one step.</summary>
/// <param name="Step">From 1.</param>
/// <param name="Losses">Means over the step's sequences.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="LearningRate">Of the step.</param>
/// <param name="Seconds">Time of the step.</param>
public sealed record StepReport(int Step, StepLosses Losses, double GradientNorm, double LearningRate, double Seconds);

/// <summary>
/// <c>log.jsonl</c>: one object a step (<c>step, ce, kl, qpaa, div, gradient_norm, learning_rate, seconds</c>) or validation (<c>step, dev, recall</c>). Lines behind a checkpoint
/// that a run goes on from, and a torn last line, are cut off.
/// </summary>
internal sealed class TrainingLog : IDisposable
{
    private readonly StreamWriter writer;

    public TrainingLog(string path, int afterStep)
    {
        if (File.Exists(path)) CutBehind(path, afterStep);
        writer = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read)) { AutoFlush = true };
    }

    public void Write(StepReport report) => Line(new
    {
        step = report.Step, ce = report.Losses.CrossEntropy, kl = report.Losses.Divergence, qpaa = report.Losses.Alignment, div = report.Losses.Diversity,
        gradient_norm = report.GradientNorm, learning_rate = report.LearningRate, seconds = report.Seconds,
    });

    public void Write(ValidationResult result) => Line(new { step = result.Step, dev = result.LogRatioByText.ToDictionary(t => t.Key, t => Math.Exp(t.Value)), recall = result.Recall });

    public void Dispose() => writer.Dispose();

    private void Line<T>(T value) => writer.WriteLine(JsonSerializer.Serialize(value));

    private static void CutBehind(string path, int step)
    {
        var kept = File.ReadLines(path).TakeWhile(line => StepOf(line) is { } number && number <= step).ToList();
        var temporary = path + ".tmp";
        File.WriteAllLines(temporary, kept);
        File.Move(temporary, path, overwrite: true);
    }

    private static int? StepOf(string line)
    {
        try
        {
            using var parsed = JsonDocument.Parse(line);
            return parsed.RootElement.TryGetProperty("step", out var step) ? step.GetInt32() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
