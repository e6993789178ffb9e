using LST.Core;
using LST.Core.Caching;
using LST.Evaluation.Benchmarks.Runs;
using static TorchSharp.torch;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>
/// Protocol MC-P: all ids of a context but the last are prefilled and compressed once for every row; the last one and the continuation are one causal pass over what is left, at their true
/// positions, so that an answer of one id reads the compressed cache too. Requests with the same context share its caches. Where a method compresses nothing of a context, the full
/// cache is scored, and the row says so.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="contexts">Compresses contexts.</param>
/// <param name="encoder">From strings to ids; null: the model's own, BOS on.</param>
/// <param name="maxLength">Ids that are read at once; null: the model's trained length.</param>
public sealed class ZeroShotScorer(LoadedModel loaded, CompressedContexts contexts, PairEncoder? encoder = null, int? maxLength = null)
{
    private readonly PairEncoder encoder = encoder ?? PairEncoder.Of(loaded);

    /// <summary>What item lines say of its encoder.</summary>
    public string EncoderFlag => encoder.Flag;

    /// <summary>Ids that are read at once.</summary>
    public int MaxLength { get; } = maxLength ?? loaded.Model.Config.MaxPositions;

    /// <summary>Scores one item for every row.</summary>
    /// <param name="document">The item.</param>
    /// <param name="rows">Rows; dense is one where it is wanted.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <returns>In the order of the rows.</returns>
    /// <exception cref="DataException">A request does not fit the model, or a probability is no number.</exception>
    /// <exception cref="CompressionException">A cache was not compressed as planned.</exception>
    public IReadOnlyList<ZeroShotRowScore> Score(ZeroShotDocument document, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel = default)
    {
        EncodedPair[] pairs = [.. document.Requests.Select(request => encoder.Encode(request).Fit(MaxLength))];
        var scores = rows.Select(_ => new ContinuationScore[pairs.Length]).ToArray();
        var caches = new CacheTally[rows.Count];
        foreach (var group in Enumerable.Range(0, pairs.Length).GroupBy(i => string.Join(' ', pairs[i].Context)))
        {
            int[] requests = [.. group];
            var context = ScoreContext(pairs[requests[0]].Context, [.. requests.Select(i => pairs[i].Continuation)], rows, cancel);
            for (var r = 0; r < rows.Count; r++)
            {
                for (var i = 0; i < requests.Length; i++) scores[r][requests[i]] = context[r].Scores[i];
                caches[r] += context[r].Tally;
            }
        }
        return [.. rows.Select((row, r) => new ZeroShotRowScore(row, scores[r], caches[r] with { Items = 1, CompressedItems = caches[r].CompressedItems > 0 ? 1 : 0 }))];
    }

    private (ContinuationScore[] Scores, CacheTally Tally)[] ScoreContext(int[] context, IReadOnlyList<int[]> continuations, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        if (context.Length == 1)
        {
            // One id is held back, and nothing is left to compress.
            using var none = loaded.Model.NewCache(1);
            var scores = Over(none);
            return [.. rows.Select(_ => (scores, new CacheTally(0, 0, 1, 0, 0, 0)))];
        }
        using var compressed = contexts.Compress(context[..^1].Select(id => (long)id).ToArray(), rows, cancel);
        var results = new (ContinuationScore[] Scores, CacheTally Tally)[rows.Count];
        for (var r = 0; r < rows.Count; r++)
        {
            var same = Enumerable.Range(0, r).FirstOrDefault(earlier => compressed.Share(r, earlier), -1);
            results[r] = (same >= 0 ? results[same].Scores : Over(compressed[r]), compressed.Tallies[r] with { Items = 0 });
            compressed.Free(r);
        }
        return results;

        ContinuationScore[] Over(KvCache cache) => ContinuationBatch.Score(loaded.Model, cache, context[^1], continuations, cancel);
    }
}
