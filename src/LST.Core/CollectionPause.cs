namespace LST.Core;

/// <summary>
/// Holds the garbage collector back while tensors are computed. TorchSharp wraps the number in <c>a * 0.5</c> or the hidden 1 in <c>a + b</c> in an object that nothing keeps alive during the
/// native call: a collection at that moment frees the number under the call, which then fails ("Expected false to be true") or, worse, reads another
/// number (docs/log.md). Pauses nest over all threads; when a pause allocates more than its budget the runtime ends it by a collection, as if there were none.
/// Where nearly everything is allocated inside pauses the runtime never finds a moment to collect by itself, so that garbage is collected between two of them.
/// </summary>
public static class CollectionPause
{
    private const long Budget = 200L << 20;
    private static readonly Lock Gate = new();

    // Garbage that may lie about before a pause begins with a collection: some ten steps of training.
    private const long MostGarbage = 64L << 20;

    private static int depth;
    private static long collectedAt;

    /// <summary>Begins a pause, or joins the one that runs. Dispose it soon: seconds, not minutes.</summary>
    public static IDisposable Begin()
    {
        lock (Gate)
        {
            if (depth++ == 0)
            {
                Collect();
                try
                {
                    GC.TryStartNoGCRegion(Budget);
                }
                catch (Exception error) when (error is InvalidOperationException or ArgumentOutOfRangeException)
                {
                    // Another library holds one already, or the heap is limited: computing goes on without.
                }
            }
        }
        return new Pause();
    }

    // Nobody computes now. The young generations are enough: what lives long in them is little.
    private static void Collect()
    {
        var allocated = GC.GetTotalAllocatedBytes();
        if (allocated - collectedAt < MostGarbage) return;
        GC.Collect(1);
        collectedAt = allocated;
    }

    private static void End()
    {
        lock (Gate)
        {
            if (--depth > 0) return;
            if (System.Runtime.GCSettings.LatencyMode != System.Runtime.GCLatencyMode.NoGCRegion) return;
            try
            {
                GC.EndNoGCRegion();
            }
            catch (InvalidOperationException)
            {
                // Another thread's allocation used up the budget since the question.
            }
        }
    }

    private sealed class Pause : IDisposable
    {
        private int ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref ended, 1) == 0) End();
        }
    }
}
