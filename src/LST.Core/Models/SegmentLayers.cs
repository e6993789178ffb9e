using LST.Core.Attention;
using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Models;

/// <summary>One segment, layer by layer: what training needs to keep only one layer's graph at a time.</summary>
internal sealed class SegmentLayers : IDisposable
{
    private static readonly SegmentOptions Untouched = new() { Append = false };
    private readonly LanguageModel model;
    private readonly Tensor ids, cos, sin;
    private readonly int tokens;
    private readonly KvCache cache;

    public SegmentLayers(LanguageModel model, Tensor ids, KvCache cache)
    {
        (this.model, this.ids, this.cache, tokens) = (model, ids, cache, (int)ids.shape[1]);
        using var scope = NewDisposeScope();
        (cos, sin) = model.PositionTables(cache, tokens);
        cos.DetachFromDisposeScope();
        sin.DetachFromDisposeScope();
    }

    /// <summary>Input of the first layer [B, S, M].</summary>
    public Tensor Embedded() => model.Embedding.index_select(0, ids.reshape(-1)).view(ids.shape[0], tokens, model.Config.HiddenSize);

    /// <summary>One layer over a prefix of its own. Without gradients, <paramref name="input"/> may be overwritten.</summary>
    /// <param name="index">Layer index.</param>
    /// <param name="input">[B, S, M].</param>
    /// <param name="prefix">The layer's cache; null: that of the segment's cache.</param>
    public Tensor Layer(int index, Tensor input, LayerCache? prefix = null)
    {
        using var scope = NewDisposeScope();
        // The mask belongs to the graph of this layer alone.
        var mask = new SegmentMask(cache, tokens, model.Config.SlidingWindow, model.Device);
        try
        {
            return model.RunLayer(index, input, cos, sin, prefix ?? cache.Layers[index], mask, Untouched).MoveToOuterDisposeScope();
        }
        finally
        {
            mask.Dispose();
        }
    }

    /// <summary>The final norm.</summary>
    public Tensor Finish(Tensor last) => model.Normalize(last, model.FinalNorm);

    /// <inheritdoc/>
    public void Dispose()
    {
        cos.Dispose();
        sin.Dispose();
    }
}
