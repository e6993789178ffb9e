using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Recall;
using LST.Evaluation.Perplexity;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>
/// Repeats (conventions §3): a span of the compressed prefix comes again at the start of the suffix; the score is the mean loss of its second half, nats a token, smaller is better: whether the cache still
/// knows text that is read again word for word.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="contexts">Compresses contexts.</param>
/// <param name="chunks">Chunks of protocol E1 with their repeats.</param>
public sealed class RepeatsBenchmark(LoadedModel loaded, CompressedContexts contexts, IReadOnlyList<RepeatChunk> chunks) : IBenchmarkTask
{
    /// <inheritdoc/>
    public string Name => "repeats";

    /// <inheritdoc/>
    public string Headline => "nll";

    /// <inheritdoc/>
    public bool SmallerIsBetter => true;

    /// <inheritdoc/>
    public int Count => chunks.Count;

    /// <inheritdoc/>
    public string ItemId(int index) => FormattableString.Invariant($"{index}");

    /// <inheritdoc/>
    public IReadOnlyList<ItemLine> Score(int index, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel)
    {
        var chunk = chunks[index];
        var cached = chunk.Prefix - 1;
        using var context = contexts.Compress(chunk.Ids.AsMemory(0, cached), rows, cancel);
        var lines = new ItemLine[rows.Count];
        for (var r = 0; r < rows.Count; r++)
        {
            // Input i predicts id i + 1.
            var losses = ContinuationScorer.Score(loaded.Model, context[r], chunk.Ids.AsSpan(cached, chunk.ScoredEnd - 1 - cached), chunk.Ids.AsSpan(chunk.Prefix, chunk.ScoredEnd - chunk.Prefix), cancel);
            double[] scored = losses[(chunk.ScoredStart - chunk.Prefix)..];
            lines[r] = LineBuilder.Of(this, index, rows[r], context.Tallies[r], ModeName.Of(CompressionMode.QueryAgnostic)) with
            {
                Gold = null,
                Loglik = [-scored.Sum()],
                Score = scored.Average(),
                Length = chunk.Prefix,
                Further = new Dictionary<string, object> { ["span"] = chunk.Length, ["source"] = chunk.Source, ["scored"] = scored.Length },
            };
            context.Free(r);
        }
        return lines;
    }
}
