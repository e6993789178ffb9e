using LST.Core.Caching;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>Gradients of one compressed layer; a part is null where nothing flows.</summary>
/// <param name="Keys">[slots, D].</param>
/// <param name="Values">[slots, D].</param>
/// <param name="Bias">[slots] float32.</param>
internal sealed record LayerGradient(Tensor? Keys, Tensor? Values, Tensor? Bias);

/// <summary>
/// Gradient of a loss on a segment with respect to the compressed caches before it. Layer by layer: the forward pass keeps only the input of each layer, the
/// backward pass runs each layer again with its graph (activation checkpointing), so that memory holds one layer's graph whatever the model.
/// </summary>
internal static class SegmentGradient
{
    /// <summary>Runs the segment and goes back through it.</summary>
    /// <param name="model">The frozen model.</param>
    /// <param name="layers">One compressed prefix a layer, batch 1; only values are read.</param>
    /// <param name="nextPosition">True position of the segment's first id.</param>
    /// <param name="ids">The segment.</param>
    /// <param name="lossGradient">From final hidden states [S, M], no gradients recorded, to the gradient of the loss with respect to them [S, M].</param>
    /// <returns>One gradient a layer, in the current dispose scope.</returns>
    public static IReadOnlyList<LayerGradient> Of(LanguageModel model, IReadOnlyList<CompressedLayer> layers, long nextPosition, ReadOnlySpan<long> ids, Func<Tensor, Tensor> lossGradient)
    {
        using var scope = NewDisposeScope();
        using var cache = model.NewCache(1, 1);
        cache.NextPositions[0] = nextPosition;
        for (var l = 0; l < layers.Count; l++) cache.Layers[l].Replace(Leaf(layers[l], gradients: false));
        using var run = model.Layerwise(tensor(ids.ToArray(), 1, ids.Length).to(model.Device), cache);
        var inputs = new Tensor[layers.Count];
        Tensor gradient;
        using (no_grad())
        {
            var x = run.Embedded();
            for (var l = 0; l < layers.Count; l++)
            {
                inputs[l] = x.clone();
                var next = run.Layer(l, x);
                x.Dispose();
                x = next;
            }
            gradient = Backward(x, last => run.Finish(last), hidden => lossGradient(hidden[0]).unsqueeze(0));
        }
        var results = new LayerGradient[layers.Count];
        for (var l = layers.Count - 1; l >= 0; l--)
        {
            using var layerScope = NewDisposeScope();
            using var own = new LayerCache(new DenseTail(1, model.Config.KeyValueHeads, model.Config.HeadDim, model.Dtype, model.Device, 1));
            var leaf = Leaf(layers[l], gradients: true);
            own.Replace(leaf);
            var output = gradient;
            var index = l;
            gradient = Backward(inputs[l], input => run.Layer(index, input, own), _ => output).MoveToOuterDisposeScope();
            results[l] = new LayerGradient(Taken(leaf.Keys), Taken(leaf.Values), leaf.Bias is null ? null : Taken(leaf.Bias));
            inputs[l].Dispose();
        }
        foreach (var result in results)
        {
            result.Keys?.MoveToOuterDisposeScope();
            result.Values?.MoveToOuterDisposeScope();
            result.Bias?.MoveToOuterDisposeScope();
        }
        return results;
    }

    // d loss / d input of one function, given d loss / d output.
    private static Tensor Backward(Tensor value, Func<Tensor, Tensor> function, Func<Tensor, Tensor> outputGradient)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        var input = value.detach().requires_grad_(true);
        var output = function(input);
        Tensor arriving;
        using (no_grad()) arriving = outputGradient(output.detach());
        autograd.backward([output], [arriving]);
        return Taken(input)!.MoveToOuterDisposeScope();
    }

    private static Tensor? Taken(Tensor leaf) => leaf.grad?.MoveToOuterDisposeScope();

    private static CompressedLayer Leaf(CompressedLayer layer, bool gradients)
    {
        Tensor Copy(Tensor tensor) => tensor.detach().clone().requires_grad_(gradients).DetachFromDisposeScope();
        return new CompressedLayer(layer.Batch, layer.KeyValueHeads, Copy(layer.Keys), Copy(layer.Values), layer.Offsets.ToArray(), layer.Positions.ToArray(),
            layer.Bias is null ? null : Copy(layer.Bias), layer.Counts, layer.PositionsShared);
    }
}
