using System.Diagnostics;
using System.Globalization;

namespace LST.Notebooks.Runner;

/// <summary>
/// Watches one cell from a thread of its own (a cell may keep the whole pool busy) and cancels it when a limit is passed or the user interrupts.
/// </summary>
internal sealed class RunWatch : IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly ManualResetEventSlim over = new();
    private readonly Thread thread;

    public RunWatch(RunLimits limits, TimeSpan spent, CancellationToken interrupt)
    {
        thread = new Thread(() => Watch(limits, spent, interrupt)) { IsBackground = true, Name = "notebook limits" };
        thread.Start();
    }

    public CancellationToken Token => stop.Token;

    /// <summary>Why the cell was stopped; null: it was not.</summary>
    public (string Name, string Message)? Reason { get; private set; }

    public void Dispose()
    {
        over.Set();
        thread.Join();
        over.Dispose();
        stop.Dispose();
    }

    private void Watch(RunLimits limits, TimeSpan spent, CancellationToken interrupt)
    {
        var clock = Stopwatch.StartNew();
        while (!over.Wait(TimeSpan.FromMilliseconds(50)))
        {
            Reason = clock.Elapsed > limits.Cell ? ("TimeLimit", $"a cell may run {Seconds(limits.Cell)} s, this one was stopped after that; raise the limit or do less")
                : spent + clock.Elapsed > limits.Notebook ? ("TimeLimit", $"a notebook may run {Seconds(limits.Notebook)} s, it was stopped in this cell; raise the limit or do less")
                : Environment.WorkingSet is var used && used > limits.MemoryBytes ? ("MemoryLimit", string.Create(CultureInfo.InvariantCulture, $"the process may hold {limits.MemoryBytes / 1e9:0.0} GB, it held {used / 1e9:0.0} GB; free tensors in dispose scopes or raise the limit"))
                : interrupt.IsCancellationRequested ? ("Interrupted", "stopped by the user")
                : null;
            if (Reason is null) continue;
            stop.Cancel();
            return;
        }
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
