using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Caching;

namespace LST.Core.Models.Decoding;

/// <summary>Token-by-token decoding of a model on the CPU over a cache, compressed or not, without tensor operations.</summary>
/// <param name="pool">Workers; the caller's.</param>
/// <param name="weights">Weights of the model; the caller's.</param>
/// <param name="cache">The cache to go on from; the caller's.</param>
internal sealed class CpuDecoder(WorkerPool pool, LanguageModelWeights weights, KvCache cache) : IDisposable
{
    private readonly DecodeStep _step = new(pool, weights.Config, weights.Weights, weights.Type, cache.Batch);
    private readonly KvCacheView _view = new(cache, weights.Config, weights.Type);

    /// <summary>Appends one token per sample at the cache's next positions and moves the cache on.</summary>
    /// <param name="ids">Token ids [B].</param>
    /// <returns>Logits [B·V], overwritten by the next call.</returns>
    /// <exception cref="ArgumentException">Not one id per sample, or an id that is not in the vocabulary.</exception>
    public unsafe ReadOnlySpan<float> Next(ReadOnlySpan<long> ids)
    {
        if (ids.Length != cache.Batch) throw new ArgumentException($"{cache.Batch} ids expected, one per sample, got {ids.Length}", nameof(ids));
        _step.Run(ids, cache.NextPositions, _view);
        cache.Advance(1);
        return new ReadOnlySpan<float>(_step.Logits, cache.Batch * weights.Config.VocabularySize);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _step.Dispose();
        _view.Dispose();
    }
}
