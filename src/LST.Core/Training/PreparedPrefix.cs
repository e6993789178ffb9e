using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Training.Data;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>What a prepared prefix holds beyond keys and values.</summary>
/// <param name="Queries">Pre-RoPE queries of the prefix.</param>
/// <param name="RepeatQueries">Queries of a pass that repeats the prefix behind itself: how many of its tokens, 0: none.</param>
internal sealed record PrefixNeeds(bool Queries, int RepeatQueries);

/// <summary>One training sequence after its dense pass: keys and values of every layer, and the dense hidden states of its continuation. Frozen; no gradients.</summary>
internal sealed class PreparedPrefix : IDisposable
{
    private Tensor? keys, values, queries;

    private PreparedPrefix(TrainingSequence sequence, LanguageModel model)
    {
        Sequence = sequence;
        Layers = new PreparedLayer[model.Config.Layers];
    }

    public TrainingSequence Sequence { get; }

    public PreparedLayer[] Layers { get; }

    /// <summary>[S, M] after the final norm.</summary>
    public Tensor DenseHidden { get; private set; } = null!;

    public long Bytes => Layers.Sum(layer => layer.Tensors.Sum(Size)) + Size(DenseHidden);

    public static PreparedPrefix Of(LanguageModel model, TrainingSequence sequence, PrefixNeeds needs, CancellationToken cancel)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var prepared = new PreparedPrefix(sequence, model);
        try
        {
            using var cache = model.NewCache(1, sequence.Prefix);
            model.Run(Ids(sequence.PrefixIds), cache, new SegmentOptions
            {
                Capture = needs.Queries ? CaptureNeeds.PreRopeQueries : CaptureNeeds.None,
                Cancel = cancel,
                OnLayer = prepared.Keep,
            }).Dispose();
            if (needs.RepeatQueries > 0) prepared.Repeat(model, cache, needs.RepeatQueries, cancel);
            prepared.DenseHidden = model.Run(Ids(sequence.Inputs), cache, new SegmentOptions { Append = false, Cancel = cancel })[0].clone().DetachFromDisposeScope();
            return prepared;
        }
        catch
        {
            prepared.Dispose();
            throw;
        }

        Tensor Ids(ReadOnlySpan<long> ids) => tensor(ids.ToArray(), 1, ids.Length).to(model.Device);
    }

    // One block for all layers of a kind: single layers, taken while a pass comes and goes, would lie between its working memory and leave holes that nothing fits into.
    private void Keep(LayerCapture capture)
    {
        Tensor? Kept(ref Tensor? block, Tensor? seen)
        {
            if (seen is null) return null;
            block ??= empty([Layers.Length, .. seen[0].shape], seen.dtype, seen.device).DetachFromDisposeScope();
            return block[capture.Layer].copy_(seen[0]).DetachFromDisposeScope();
        }
        Layers[capture.Layer] = new PreparedLayer(Kept(ref keys, capture.Keys)!, Kept(ref values, capture.Values)!, Kept(ref queries, capture.PreRopeQueries));
    }

    /// <summary>One layer as a compressor sees it.</summary>
    public LayerContext Context(int layer, LanguageModel model) => new()
    {
        Layer = layer, Config = model.Config, Rotary = model.Rotary, Keys = Layers[layer].Keys, Values = Layers[layer].Values, PreRopeQueries = Layers[layer].PreRopeQueries,
    };

    public void Dispose()
    {
        foreach (var layer in Layers)
            foreach (var tensor in layer?.Tensors ?? []) tensor.Dispose();
        keys?.Dispose();
        values?.Dispose();
        queries?.Dispose();
        DenseHidden?.Dispose();
    }

    // The model reads the beginning of the prefix again behind it.
    private void Repeat(LanguageModel model, Caching.KvCache cache, int count, CancellationToken cancel)
    {
        var ids = Sequence.PrefixIds[..Math.Min(count, Sequence.Prefix)].ToArray();
        model.Run(tensor(ids, 1, ids.Length).to(model.Device), cache, new SegmentOptions
        {
            Append = false,
            Capture = CaptureNeeds.Queries,
            Cancel = cancel,
            OnLayer = capture => Layers[capture.Layer] = Layers[capture.Layer] with { RepeatQueries = capture.Queries![0].contiguous().clone().DetachFromDisposeScope() },
        }).Dispose();
    }

    private static long Size(Tensor tensor) => tensor is null ? 0 : tensor.NumberOfElements * tensor.ElementSize;
}

/// <summary>Keys and values [H_kv, T, D] of one layer, and queries where they were asked for: pre-RoPE [H_q, T, D], of the repeat pass [H_q, any, D].</summary>
internal sealed record PreparedLayer(Tensor Keys, Tensor Values, Tensor? PreRopeQueries, Tensor? RepeatQueries = null)
{
    public IEnumerable<Tensor> Tensors => new[] { Keys, Values, PreRopeQueries, RepeatQueries }.OfType<Tensor>();
}
