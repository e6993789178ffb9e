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
/// <c>log.jsonl</c>: one object a step (<c>step, ce, kl, qpaa, div, gradient_norm, learning_rate, seconds</c>) or validation (<c>step, dev, recall, candidate, query_error</c>). Lines behind a checkpoint
/// that a run goes on from, and a torn last line, are cut off.
/// </summary>
internal sealed class TrainingLog : IDisposable
{
    private readonly StreamWriter writer;

    /// <summary>Opens the log.</summary>
    /// <param name="path">The file.</param>
    /// <param name="afterStep">Step of the checkpoint that the run goes on from; null: it starts anew, and nothing of an earlier log stays.</param>
    /// <param name="validated">Step of the checkpoint's last validation: a later one is made, and written, again.</param>
    public TrainingLog(string path, int? afterStep, int validated = int.MaxValue)
    {
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        stream.SetLength(afterStep is { } step ? LengthUpTo(stream, step, validated) : 0);
        stream.Seek(0, SeekOrigin.End);
        writer = new StreamWriter(stream) { AutoFlush = true };
    }

    public void Write(StepReport report) => Line(new
    {
        step = report.Step, ce = report.Losses.CrossEntropy, kl = report.Losses.Divergence, qpaa = report.Losses.Alignment, div = report.Losses.Diversity, importance = report.Losses.Importance,
        gradient_norm = report.GradientNorm, learning_rate = report.LearningRate, seconds = report.Seconds,
    });

    public void Write(ValidationResult result) => Line(new { step = result.Step, dev = result.LogRatioByText.ToDictionary(t => t.Key, t => Math.Exp(t.Value)), recall = result.Recall, candidate = result.IsCandidate, query_error = result.QueryError });

    public void Dispose() => writer.Dispose();

    private void Line<T>(T value) => writer.WriteLine(JsonSerializer.Serialize(value));

    // Bytes of the whole lines up to a step.
    private static long LengthUpTo(FileStream stream, int step, int validated)
    {
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var length = 0;
        while (bytes.AsSpan(length).IndexOf((byte)'\n') is >= 0 and var end && Belongs(bytes.AsMemory(length, end), step, validated)) length += end + 1;
        return length;
    }

    private static bool Belongs(ReadOnlyMemory<byte> line, int step, int validated)
    {
        try
        {
            using var parsed = JsonDocument.Parse(line);
            return parsed.RootElement.TryGetProperty("step", out var number) && number.TryGetInt32(out var found) && found <= step
                && (found <= validated || !parsed.RootElement.TryGetProperty("dev", out _));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
