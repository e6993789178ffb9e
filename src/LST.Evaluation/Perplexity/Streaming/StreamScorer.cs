using LST.Core;
using LST.Core.Compression.Online;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity.Streaming;

/// <summary>Losses of one stream under a cache that is bounded while tokens arrive.</summary>
/// <param name="model">The model.</param>
/// <param name="ids">BOS and the stream's ids.</param>
internal sealed class StreamScorer(LanguageModel model, long[] ids)
{
    /// <summary>Tokens that enter the cache: all but the last, which is only scored.</summary>
    public int Inputs => ids.Length - 1;

    /// <summary>Loss of every id but the first under the full cache, and the time of the pass in milliseconds.</summary>
    public (double[] Losses, double Milliseconds) Dense(CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var cache = model.NewCache(1, Inputs);
        var clock = DeviceClock.StartNew(model.Device);
        var hidden = model.Run(Row(0, Inputs), cache, new SegmentOptions { Append = false, Cancel = cancel });
        var time = clock.Elapsed.TotalMilliseconds;
        return (TokenLosses.Of(model, hidden[0], ids.AsSpan(1)), time);
    }

    /// <summary>
    /// Loss of every id but the first: each step's ids see the cache as the step before left it, and themselves; then they join it and it is compressed.
    /// </summary>
    /// <param name="online">An empty cache.</param>
    /// <param name="step">Ids of a step.</param>
    /// <param name="cancel">Stops between steps.</param>
    public double[] Stream(OnlineCompression online, int step, CancellationToken cancel)
    {
        using var noGradients = no_grad();
        var losses = new double[Inputs];
        for (var start = 0; start < Inputs; start += step)
        {
            cancel.ThrowIfCancellationRequested();
            // Single ids have no pause of their own.
            using var pause = CollectionPause.Begin();
            using var scope = NewDisposeScope();
            var count = Math.Min(step, Inputs - start);
            var hidden = online.Step(Row(start, count));
            TokenLosses.Of(model, hidden[0], ids.AsSpan(start + 1, count)).CopyTo(losses, start);
        }
        return losses;
    }

    private Tensor Row(int start, int count) => tensor(ids.AsSpan(start, count).ToArray(), 1, count).to(model.Device);
}
