namespace LST.Core;

/// <summary>
/// Holds the garbage collector back while tensors are computed. TorchSharp wraps the number in <c>a * 0.5</c> or the hidden 1 in <c>a + b</c> in an object that nothing keeps alive during the
/// native call: a collection at that moment frees the number under the call, which then fails ("Expected false to be true") or, worse, reads another
/// number (docs/log.md). Pauses nest over all threads; when a pause allocates more than its budget the runtime ends it by a collection, as if there were none.
/// </summary>
public static class CollectionPause
{
    private const long Budget = 200L << 20;
    private static readonly Lock Gate = new();
    private static int depth;

    /// <summary>Begins a pause, or joins the one that runs. Dispose it soon: seconds, not minutes.</summary>
    public static IDisposable Begin()
    {
        lock (Gate)
        {
            if (depth++ == 0)
            {
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

    private static void End()
    {
        lock (Gate)
        {
            if (--depth > 0) return;
            if (System.Runtime.GCSettings.LatencyMode == System.Runtime.GCLatencyMode.NoGCRegion) GC.EndNoGCRegion();
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
