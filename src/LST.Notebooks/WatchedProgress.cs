using LST.Evaluation;

namespace LST.Notebooks;

/// <summary>Progress with a look at the work after every advance.</summary>
/// <param name="inner">Told of everything.</param>
/// <param name="look">Draws how far the work is. What it throws is noted once and harms the work in no way: hours of training are worth more than a picture of them.</param>
internal sealed class WatchedProgress(IRunProgress inner, Action look) : IRunProgress
{
    private bool isTold;

    public void Begin(string what, long total, long done = 0, string unit = "chunks") => inner.Begin(what, total, done, unit);

    public void Advance(long steps = 1, string? detail = null)
    {
        inner.Advance(steps, detail);
        try
        {
            look();
        }
        catch (Exception wrong) when (wrong is not OperationCanceledException)
        {
            if (!isTold) inner.Note($"the picture of the work so far cannot be drawn ({wrong.Message.TrimEnd('.')}); the work goes on");
            isTold = true;
        }
    }

    public void Note(string line) => inner.Note(line);
}
