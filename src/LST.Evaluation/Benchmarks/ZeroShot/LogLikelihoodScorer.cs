using LST.Core;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>
/// Log-likelihoods of continuations as the plain harness computes them: context and continuation in one dense pass. Requests of like length share a pass; rows are filled up at their ends,
/// which a causal model does not see.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="maxLength">Ids that are read at once; longer requests lose their beginning.</param>
/// <param name="batchTokens">Ids of a pass, filling included; a longer request has a pass of its own.</param>
public sealed class LogLikelihoodScorer(LanguageModel model, int maxLength, int batchTokens = 1024)
{
    /// <summary>Scores requests.</summary>
    /// <param name="pairs">Requests in ids, in any order.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <returns>In the order of the requests.</returns>
    /// <exception cref="DataException">A continuation is longer than the model reads, or a probability is no number.</exception>
    public ContinuationScore[] Score(IReadOnlyList<EncodedPair> pairs, CancellationToken cancel = default)
    {
        EncodedPair[] fitted = [.. pairs.Select(pair => pair.Fit(maxLength))];
        var scores = new ContinuationScore[fitted.Length];
        int[] order = [.. Enumerable.Range(0, fitted.Length).OrderByDescending(i => fitted[i].Length)];
        for (var done = 0; done < order.Length;)
        {
            var count = Math.Clamp(batchTokens / Math.Max(1, fitted[order[done]].Length - 1), 1, order.Length - done);
            var batch = order[done..(done + count)];
            foreach (var (i, score) in batch.Zip(Pass([.. batch.Select(i => fitted[i])], cancel))) scores[i] = score;
            done += count;
        }
        return scores;
    }

    /// <summary>Cuts rows of log-probabilities back into scores, and refuses what is no number.</summary>
    internal static ContinuationScore[] Scores(LanguageModel model, Tensor hidden, IReadOnlyList<int[]> continuations)
    {
        var (logProbs, isLargest) = TokenLogProbs.Of(model, hidden, [.. continuations.SelectMany(ids => ids).Select(id => (long)id)]);
        if (Array.FindIndex(logProbs, p => !double.IsFinite(p)) is var first and >= 0)
            throw new DataException($"The log-probability of scored id {first} is {logProbs[first]}; it has to be a finite number, so the weights of '{model.Name}' are damaged or overflow in {Perplexity.PerplexityNames.Dtype(model.Dtype)}: try --dtype float32.");
        var scores = new ContinuationScore[continuations.Count];
        for (var (i, start) = (0, 0); i < scores.Length; start += continuations[i++].Length)
        {
            var end = start + continuations[i].Length;
            scores[i] = new ContinuationScore(logProbs[start..end], !isLargest.AsSpan(start..end).Contains(false));
        }
        return scores;
    }

    private ContinuationScore[] Pass(IReadOnlyList<EncodedPair> batch, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var width = batch.Max(pair => pair.Length) - 1;
        var ids = new long[batch.Count * width];
        for (var b = 0; b < batch.Count; b++)
        {
            // The last id is only scored.
            var at = b * width;
            foreach (var id in batch[b].Context.Concat(batch[b].Continuation).Take(batch[b].Length - 1)) ids[at++] = id;
        }
        using var cache = model.NewCache(batch.Count, width);
        var hidden = model.Run(tensor(ids, batch.Count, width).to(model.Device), cache, new SegmentOptions { Append = false, Cancel = cancel });   // [B, S, M]
        var rows = cat([.. batch.Select((pair, b) => hidden[b].narrow(0, pair.Context.Length - 1, pair.Continuation.Length))], 0);
        return Scores(model, rows, [.. batch.Select(pair => pair.Continuation)]);
    }
}
