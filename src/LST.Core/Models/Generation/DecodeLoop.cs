using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Models.Generation;

/// <summary>One decode step after another over a cache; logits land in a buffer that is allocated once.</summary>
public sealed class DecodeLoop(LanguageModel model, KvCache cache) : IDisposable
{
    private readonly float[] logits = new float[cache.Batch * model.Config.VocabularySize];

    /// <summary>Logits [B·V] of final hidden states [B, 1, M].</summary>
    public ReadOnlyMemory<float> Logits(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var row = model.Logits(hidden).to(float32).cpu().contiguous();
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(row.bytes).CopyTo(logits);
        return logits;
    }

    /// <summary>Appends one token to each sample and gives the logits behind it, [B·V].</summary>
    /// <param name="ids">[B].</param>
    public ReadOnlyMemory<float> Next(ReadOnlySpan<long> ids)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        return Logits(model.Run(tensor(ids.ToArray(), cache.Batch, 1).to(model.Device), cache));
    }

    /// <inheritdoc/>
    public void Dispose() { }
}
