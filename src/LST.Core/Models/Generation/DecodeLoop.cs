using System.Runtime.InteropServices;
using LST.Core.Caching;
using LST.Core.Compression.Online;
using LST.Core.Models.Decoding;
using static TorchSharp.torch;

namespace LST.Core.Models.Generation;

/// <summary>
/// One decode step after another over a cache; logits land in a buffer that is allocated once. On the CPU a step runs in our own kernels on packed
/// storage, elsewhere as a segment of one token.
/// </summary>
public sealed class DecodeLoop : IDisposable
{
    private readonly LanguageModel model;
    private readonly KvCache cache;
    private readonly float[] logits;
    private readonly OnlineCompression? online;
    private readonly CpuDecoder? decoder;

    /// <summary>A loop that goes on from a cache.</summary>
    public DecodeLoop(LanguageModel model, KvCache cache) : this(model, cache, null) { }

    /// <summary>A loop whose cache is compressed after every step.</summary>
    public DecodeLoop(LanguageModel model, OnlineCompression online) : this(model, online.Cache, online) { }

    private DecodeLoop(LanguageModel model, KvCache cache, OnlineCompression? online)
    {
        (this.model, this.cache, this.online) = (model, cache, online);
        logits = new float[cache.Batch * model.Config.VocabularySize];
        var kernelsSuffice = online is null || online.ReadsCacheAlone;
        if (kernelsSuffice && LanguageModelWeights.Supports(model) && model.Attention.Name == "cpu") decoder = new CpuDecoder(model.Pool, model.Native, cache);
    }

    /// <summary>Logits [B·V] of final hidden states [B, 1, M].</summary>
    public ReadOnlyMemory<float> Logits(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var row = model.Logits(hidden).to(float32).cpu().contiguous();
        MemoryMarshal.Cast<byte, float>(row.bytes).CopyTo(logits);
        return logits;
    }

    /// <summary>Appends one token to each sample and gives the logits behind it, [B·V].</summary>
    /// <param name="ids">[B].</param>
    public ReadOnlyMemory<float> Next(ReadOnlySpan<long> ids)
    {
        if (decoder is not null)
        {
            decoder.Next(ids).CopyTo(logits);
            online?.Compress();
            return logits;
        }
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var row = tensor(ids.ToArray(), cache.Batch, 1).to(model.Device);
        return Logits(online is null ? model.Run(row, cache) : online.Step(row));
    }

    /// <inheritdoc/>
    public void Dispose() => decoder?.Dispose();
}
