using System.Diagnostics;
using System.Globalization;
using LST.Evaluation;

namespace LST.Cli.Terminal;

/// <summary>Progress as plain lines: at the start, at most every ten seconds, and at the end.</summary>
public sealed class LineProgress(TextWriter writer) : IRunProgress
{
    private readonly Stopwatch clock = new();
    private string name = "", unit = "";
    private long total, done, first;
    private TimeSpan last;

    /// <inheritdoc/>
    public void Begin(string what, long total, long done = 0, string unit = "chunks")
    {
        (name, this.unit, this.total, this.done, first) = (what, unit, total, done, done);
        clock.Restart();
        last = TimeSpan.Zero;
        writer.WriteLine(done == 0 ? $"{name}: {total} {unit}" : $"{name}: {total} {unit}, {done} of them finished earlier");
    }

    /// <inheritdoc/>
    public void Advance(long steps = 1, string? detail = null)
    {
        done += steps;
        var elapsed = clock.Elapsed;
        if (done < total && elapsed - last < TimeSpan.FromSeconds(10)) return;
        last = elapsed;
        var rate = (done - first) / Math.Max(1e-3, elapsed.TotalSeconds);
        var remaining = TimeSpan.FromSeconds((total - done) / Math.Max(1e-9, rate));
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {done}/{total} {unit}, {(rate >= 1 ? $"{rate:0.0} a second" : $"{1 / rate:0.0} s each")}, {(done < total ? $"{remaining:hh\\:mm\\:ss} left" : $"{elapsed:hh\\:mm\\:ss} in all")}{(detail is null ? "" : $", {detail}")}"));
    }

    /// <inheritdoc/>
    public void Note(string line) => writer.WriteLine(line);
}
