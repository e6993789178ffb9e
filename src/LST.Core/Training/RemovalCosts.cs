using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>
/// What the removal of each single token of a prefix costs, to second order, for the queries of a continuation. Without token j a softmax reads (o − p_j v_j) / (1 − p_j), a move of about
/// p_j (o − v_j); with the gradients g of the model's own log-likelihood the divergence is ½ (Σ g · p_j (o − v_j))², the sum over the query heads of a group.
/// </summary>
internal static class RemovalCosts
{
    /// <summary>Nats a token of the continuation [H_kv, T] float32, in the current dispose scope.</summary>
    /// <param name="layer">The layer of the continuation.</param>
    /// <param name="keys">Post-RoPE keys of the prefix [H_kv, T, D].</param>
    /// <param name="values">Values of the prefix [H_kv, T, D].</param>
    /// <param name="slidingWindow">Tokens that a query sees, itself included; null: all.</param>
    public static Tensor Of(LayerContribution layer, Tensor keys, Tensor values, int? slidingWindow = null)
    {
        using var scope = NewDisposeScope();
        var (heads, tokens, headDim, count) = (keys.shape[0], keys.shape[1], keys.shape[2], layer.Queries.shape[1]);
        var group = layer.Queries.shape[0] / heads;
        Tensor Rows(Tensor perHead) => perHead.to(float32).view(heads, group * count, headDim);
        var (queries, g) = (Rows(layer.Queries) / Math.Sqrt(headDim), Rows(layer.Gradients));
        var at = (arange(count, device: keys.device) + tokens).repeat(group).unsqueeze(1);                                  // position of each row
        var all = cat([Products(queries, keys), Products(queries, layer.Keys)], 2);                                         // [H, G·S, T + S]
        var positions = arange(tokens + count, device: keys.device).unsqueeze(0);
        all.masked_fill_(positions > at, float.NegativeInfinity);
        if (slidingWindow is { } window) all.masked_fill_(positions <= at - window, float.NegativeInfinity);
        var p = all.softmax(-1);
        var along = Products(g, cat([values.to(float32), layer.Values.to(float32)], 1));                                    // g · v_j
        var output = (p * along).sum(2, keepdim: true);                                                                     // g · o
        var moved = (p.narrow(2, 0, tokens) * (output - along.narrow(2, 0, tokens))).view(heads, group, count, tokens).sum(1);
        return (moved.square().mean([1]) / 2).MoveToOuterDisposeScope();
    }

    private static Tensor Products(Tensor rows, Tensor columns) => matmul(rows, columns.to(float32).transpose(1, 2));
}
