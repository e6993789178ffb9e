using DuckDB.NET.Data;

namespace LST.Evaluation.Records.Query;

/// <summary>
/// Interrupts a command when it is asked to stop. An interrupt that comes before the engine has begun is forgotten by it, so it is repeated until the
/// command has ended.
/// </summary>
internal sealed class QueryInterrupt : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);
    private readonly Lock gate = new();
    private readonly Timer timer;
    private bool hasEnded;

    public QueryInterrupt(DuckDBCommand command, CancellationToken stop)
    {
        timer = new Timer(_ =>
        {
            lock (gate)
            {
                if (!hasEnded && stop.IsCancellationRequested) command.Cancel();
            }
        }, null, Period, Period);
    }

    public void Dispose()
    {
        lock (gate) hasEnded = true;
        timer.Dispose();
    }
}
