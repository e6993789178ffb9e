using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>
/// Threads that run the parts of one kernel after the other with a few microseconds between. A waiting thread spins for a short while and then sleeps.
/// The calling thread takes part as worker 0. Parts are handed out one by one, so that which worker runs a part is not fixed:
/// a part must write only what belongs to it, and then results do not depend on the number of workers.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    /// <summary>How long an idle worker spins before it sleeps.</summary>
    private const double SpinMicros = 40;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly long _spinTicks = (long)(Stopwatch.Frequency * SpinMicros / 1e6);
    private Shared _shared;
    private delegate*<void*, int, int, void> _body;
    private void* _argument;
    private int _parts;
    private uint _epoch;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Starts <paramref name="workers"/> − 1 threads (default: one worker a processor).</summary>
    public WorkerPool(int? workers = null)
    {
        Workers = workers ?? Environment.ProcessorCount;
        ArgumentOutOfRangeException.ThrowIfLessThan(Workers, 1, nameof(workers));
        _threads = new Thread[Workers - 1];
        for (var i = 0; i < _threads.Length; i++)
        {
            var worker = i + 1;
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"decode worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Number of workers, the calling thread included; worker numbers are 0 … Workers − 1.</summary>
    public int Workers { get; }

    /// <summary>Calls <paramref name="body"/>(argument, part, worker) once for each part 0 … parts − 1 and returns when all are done. Allocates nothing.</summary>
    /// <remarks>After an exception the parts not yet begun are skipped and the first exception is rethrown here.</remarks>
    /// <exception cref="InvalidOperationException">Another run of this pool is under way.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public void Run(int parts, delegate*<void*, int, int, void> body, void* argument)
    {
        if (Interlocked.Exchange(ref _shared.Busy, 1) != 0)
            throw new InvalidOperationException("A worker pool runs one kernel at a time; a part must not start another run.");
        try
        {
            ObjectDisposedException.ThrowIf(_shared.Stopped != 0, this);
            if (parts <= 1 || Workers == 1)
                for (var part = 0; part < parts; part++) body(argument, part, 0);
            else
                RunShared(parts, body, argument);
        }
        finally
        {
            Volatile.Write(ref _shared.Busy, 0);
        }
    }

    /// <summary>Ends the threads; waits for them.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _shared.Stopped, 1) != 0) return;
        _wake.Release(Workers);
        foreach (var thread in _threads) thread.Join();
        _wake.Dispose();
    }

    private void RunShared(int parts, delegate*<void*, int, int, void> body, void* argument)
    {
        _body = body;
        _argument = argument;
        _parts = parts;
        _failure = null;
        _shared.Unfinished = parts;

        // Publishes everything above: a worker that sees this ticket with parts left sees the fields, and they stay until all parts are done.
        Interlocked.Exchange(ref _shared.Ticket, ((long)++_epoch << 32) | (uint)parts);
        if (Volatile.Read(ref _shared.Sleeping) > 0)
        {
            var sleeping = Interlocked.Exchange(ref _shared.Sleeping, 0);
            if (sleeping > 0) _wake.Release(sleeping);
        }

        ClaimParts(worker: 0);
        AwaitParts();
        _failure?.Throw();
    }

    /// <summary>Runs parts until none is left to claim.</summary>
    private void ClaimParts(int worker)
    {
        var ticket = Volatile.Read(ref _shared.Ticket);
        while ((uint)ticket != 0)
        {
            // Read before the claim: the claim succeeds only if these fields are those of its run (the epoch in the upper half excludes a later one).
            var (parts, body, argument) = (_parts, (nint)_body, (nint)_argument);
            var seen = Interlocked.CompareExchange(ref _shared.Ticket, ticket - 1, ticket);
            if (seen != ticket)
            {
                ticket = seen;
                continue;
            }

            var part = parts - (int)(uint)ticket;
            try
            {
                if (_failure is null) ((delegate*<void*, int, int, void>)body)((void*)argument, part, worker);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
            }

            Interlocked.Decrement(ref _shared.Unfinished);
            ticket = Volatile.Read(ref _shared.Ticket);
        }
    }

    private void AwaitParts()
    {
        var start = 0L;
        while (Volatile.Read(ref _shared.Unfinished) != 0)
        {
            Thread.SpinWait(2);
            if (start == 0) start = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetTimestamp() - start > _spinTicks) Thread.Yield();
        }
    }

    private void Work(int worker)
    {
        var idleSince = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref _shared.Stopped) == 0)
        {
            if ((uint)Volatile.Read(ref _shared.Ticket) != 0)
            {
                ClaimParts(worker);
                idleSince = Stopwatch.GetTimestamp();
            }
            else if (Stopwatch.GetTimestamp() - idleSince < _spinTicks)
            {
                Thread.SpinWait(2);
            }
            else
            {
                Sleep();
                idleSince = Stopwatch.GetTimestamp();
            }
        }
    }

    /// <summary>Sleeps until a run begins. Who takes a sleeper off the count also owes it one release.</summary>
    private void Sleep()
    {
        Interlocked.Increment(ref _shared.Sleeping);
        var workAppeared = (uint)Volatile.Read(ref _shared.Ticket) != 0 || Volatile.Read(ref _shared.Stopped) != 0;
        if (workAppeared && TryLeaveSleepers()) return;
        _wake.Wait();
    }

    private bool TryLeaveSleepers()
    {
        var sleeping = Volatile.Read(ref _shared.Sleeping);
        while (sleeping > 0)
        {
            var seen = Interlocked.CompareExchange(ref _shared.Sleeping, sleeping - 1, sleeping);
            if (seen == sleeping) return true;
            sleeping = seen;
        }

        return false;
    }

    /// <summary>What threads write concurrently, each on its own cache lines.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 640)]
    private struct Shared
    {
        /// <summary>Upper half: number of the run; lower half: parts not yet claimed.</summary>
        [FieldOffset(128)]
        public long Ticket;

        /// <summary>Parts not yet finished.</summary>
        [FieldOffset(256)]
        public int Unfinished;

        /// <summary>Workers that wait, or are about to, for a release of the semaphore.</summary>
        [FieldOffset(384)]
        public int Sleeping;

        /// <summary>1 while a run is under way.</summary>
        [FieldOffset(512)]
        public int Busy;

        /// <summary>1 after dispose.</summary>
        [FieldOffset(516)]
        public int Stopped;
    }
}
