using LST.Core.Caching;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>Queries of a continuation at one layer, their dense attention, and what a compressed prefix changes of it. Tensors live in the caller's dispose scope.</summary>
internal sealed class HeadProbe
{
    private readonly Tensor queries, suffixKeys, suffixValues, mask, dense, gradients;
    private readonly long headDim, heads, group;

    /// <summary>Evenly spread queries of a continuation.</summary>
    /// <param name="capture">The layer of the continuation, with queries.</param>
    /// <param name="contribution">Gradients with respect to what each query head reads [H_q, S, D] float32.</param>
    /// <param name="keys">Post-RoPE keys of the prefix [H_kv, T, D] float32.</param>
    /// <param name="values">Values of the prefix [H_kv, T, D] float32.</param>
    /// <param name="count">Most queries a query head.</param>
    public HeadProbe(LayerCapture capture, Tensor contribution, Tensor keys, Tensor values, int count)
    {
        (heads, headDim) = (keys.shape[0], keys.shape[2]);
        var all = capture.Queries!.shape[2];
        var taken = (int)Math.Min(count, all);
        var rows = Enumerable.Range(0, taken).Select(i => i * all / taken).ToArray();
        var index = tensor(rows, device: keys.device);
        group = capture.Queries.shape[1] / heads;
        queries = capture.Queries[0].to(float32).index_select(1, index).view(heads, group * taken, headDim);        // the group's query heads as rows
        (suffixKeys, suffixValues) = (capture.Keys[0].to(float32), capture.Values[0].to(float32));
        mask = where(arange(all, device: keys.device).unsqueeze(0) > index.unsqueeze(1), float.NegativeInfinity, 0f).repeat(group, 1);      // [G·Q, S]
        dense = Attend(keys, values, null);
        gradients = contribution.index_select(1, index).view(heads, group * taken, headDim);
    }

    /// <summary>Estimated divergence, nats a token, that the change of what each KV head's group reads makes: ½ mean (g·Δ)² [H_kv].</summary>
    public double[] Loss(CompressedLayer layer)
    {
        var (keys, values, bias) = layer.Padded();
        var change = Attend(keys[0].to(float32), values[0].to(float32), bias?[0]) - dense;                                                   // [H, G·Q, D]
        var moved = (change * gradients).sum(2).view(heads, group, -1).sum(1);                                                               // [H, Q]
        var lost = (moved.square().mean([1]) / 2).cpu().data<float>().ToArray();
        return [.. lost.Select(value => (double)value)];
    }

    private Tensor Attend(Tensor keys, Tensor values, Tensor? bias)
    {
        var scale = 1 / Math.Sqrt(headDim);
        var prefix = matmul(queries, keys.transpose(1, 2)) * scale;
        if (bias is not null) prefix = prefix + bias.unsqueeze(1);
        var own = matmul(queries, suffixKeys.transpose(1, 2)) * scale + mask;
        return matmul(cat([prefix, own], 2).softmax(-1), cat([values, suffixValues], 1));
    }
}
