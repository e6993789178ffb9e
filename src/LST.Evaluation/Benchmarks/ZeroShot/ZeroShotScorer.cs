using LST.Core;
using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>
/// Protocol MC-P: all ids of a context but the last are prefilled and compressed once for every row; the last one and the continuation are one causal pass over what is left, at their true
/// positions, so that an answer of one id reads the compressed cache too. Requests with the same context share its caches. Where a method compresses nothing of a context, the full
/// cache is scored, and the row says so.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="encoder">From strings to ids; null: the model's own, BOS on.</param>
/// <param name="maxLength">Ids that are read at once; null: the model's trained length.</param>
public sealed class ZeroShotScorer(LoadedModel loaded, PairEncoder? encoder = null, int? maxLength = null) : IDisposable
{
    private readonly Dictionary<MethodSpec, IKvCompressor> compressors = [];
    private readonly PairEncoder encoder = encoder ?? PairEncoder.Of(loaded);

    /// <summary>Ids that are read at once.</summary>
    public int MaxLength { get; } = maxLength ?? loaded.Model.Config.MaxPositions;

    /// <summary>Why a row has nothing to work with (a learned method without weights), a sentence; null: it is ready.</summary>
    public string? Missing(ZeroShotRow row) => row.IsDense ? null : CompressorOf(row).Missing(row.Ratio);

    /// <summary>Scores one item for every row.</summary>
    /// <param name="document">The item.</param>
    /// <param name="rows">Rows; dense is one where it is wanted.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <returns>In the order of the rows.</returns>
    /// <exception cref="DataException">A request does not fit the model, or a probability is no number.</exception>
    /// <exception cref="CompressionException">A cache was not compressed as planned.</exception>
    public IReadOnlyList<ZeroShotRowScore> Score(ZeroShotDocument document, IReadOnlyList<ZeroShotRow> rows, CancellationToken cancel = default)
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

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var compressor in compressors.Values) compressor.Dispose();
        compressors.Clear();
    }

    private (ContinuationScore[] Scores, CacheTally Tally)[] ScoreContext(int[] context, IReadOnlyList<int[]> continuations, IReadOnlyList<ZeroShotRow> rows, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        var model = loaded.Model;
        var tokens = context.Length - 1;
        var full = (long)model.Config.Layers * model.Config.KeyValueHeads * tokens;
        int[] compressed = [.. Enumerable.Range(0, rows.Count).Where(r => tokens > 0 && MayCompress(rows[r], tokens, full))];
        var jobs = compressed.Select(r => new CompressionJob(CompressorOf(rows[r]), rows[r].Ratio)).ToList();
        using var prompts = tokens == 0 ? null : PromptCompression.Run(model, context[..tokens].Select(id => (long)id).ToArray(), jobs, loaded.Tokenizer, cancel);
        using var none = tokens == 0 ? model.NewCache(1) : null;
        ContinuationScore[]? dense = null;
        var results = new (ContinuationScore[], CacheTally)[rows.Count];
        for (var r = 0; r < rows.Count; r++)
        {
            var job = Array.IndexOf(compressed, r) is >= 0 and var j ? prompts!.Jobs[j] : null;
            var kept = Math.Min(job?.Slots ?? full, full);
            var scores = kept < full ? Over(job!.Cache) : (dense ??= Over(prompts?.Dense ?? none!));
            results[r] = (scores, new CacheTally(0, kept < full ? 1 : 0, 1, tokens, full, kept));
            job?.Dispose();                   // the other rows need the memory of its padded view
        }
        return results;

        ContinuationScore[] Over(KvCache cache) => ContinuationBatch.Score(model, cache, context[^1], continuations, cancel);
    }

    // A plan that binds says beforehand that nothing is to be compressed; others are known when they are made.
    private bool MayCompress(ZeroShotRow row, int tokens, long full)
    {
        if (row.IsDense || row.LeavesWhole(tokens)) return false;
        var compressor = CompressorOf(row);
        if (compressor.Needs.HasFlag(CompressorNeeds.ModelPasses)) return true;
        var plan = compressor.Plan(new PlanContext(tokens, loaded.Model.Config.Layers, loaded.Model.Config.KeyValueHeads, row.Ratio));
        return plan.Total < full || plan.Layers.Any(layer => layer.Rule is BudgetRule.AtMost or BudgetRule.Open);
    }

    private IKvCompressor CompressorOf(ZeroShotRow row)
    {
        if (compressors.TryGetValue(row.Method, out var known)) return known;
        var compressor = compressors[row.Method] = row.Method.Create();
        compressor.Attach(loaded.Model.Target);
        return compressor;
    }
}
