using LST.Core;
using LST.Evaluation;

namespace LST.Notebooks.Tests;

/// <summary>A picture of work that goes on is never worth the work.</summary>
public class WatchedProgressTests
{
    [Fact]
    public void A_look_that_fails_is_told_once_and_the_work_goes_on()
    {
        var (told, looks) = (new Told(), 0);
        var progress = new WatchedProgress(told, () => throw (++looks == 1 ? (Exception)new DataException("the log is torn.") : new InvalidOperationException("again")));

        progress.Advance();
        progress.Advance(2);

        Assert.Equal(2, looks);
        Assert.Equal(3, told.Steps);
        Assert.Equal(["the picture of the work so far cannot be drawn (the log is torn); the work goes on"], told.Lines);
    }

    [Fact]
    public void A_cell_that_is_stopped_stops()
    {
        var progress = new WatchedProgress(new Told(), () => throw new OperationCanceledException());

        Assert.Throws<OperationCanceledException>(() => progress.Advance());
    }

    private sealed class Told : IRunProgress
    {
        public long Steps { get; private set; }

        public List<string> Lines { get; } = [];

        public void Begin(string what, long total, long done = 0, string unit = "chunks") => Steps = done;

        public void Advance(long steps = 1, string? detail = null) => Steps += steps;

        public void Note(string line) => Lines.Add(line);
    }
}
