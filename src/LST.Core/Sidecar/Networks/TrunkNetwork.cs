using static TorchSharp.torch;

namespace LST.Core.Sidecar.Networks;

/// <summary>
/// The preset <c>lst</c>. Per head, a projection P [2D, p] of each token; shared, a two-layer trunk on the projections of the w_max + 2c tokens that a
/// window sees; per head again, the way back to differences of key and value. With f_j = x_j P and z = [f_1 … f_W] W₁ + b₁ + e_head + u_length:
/// a = silu(z), a ← a + silu(a W₂ + b₂); y = a S + t_head; pooling logits = y_j + f_j·s_head; bias = the last of y; differences = (a W₃) Q_head.
/// </summary>
internal sealed class TrunkNetwork(SidecarConfig config) : ISuperTokenNetwork
{
    private readonly int outputs = (2 * config.LongestWindow + 1) * config.SuperTokens;

    /// <inheritdoc/>
    public IReadOnlyList<ParameterShape> Shapes { get; } = Describe(config);

    private static IReadOnlyList<ParameterShape> Describe(SidecarConfig config)
    {
        var (layers, heads, width) = ((long)config.Model.Layers, (long)config.Model.KeyValueHeads, 2L * config.Model.HeadDim);
        var (hidden, rank, m, longest, seen) = ((long)config.Hidden, (long)config.Rank, (long)config.SuperTokens, (long)config.LongestWindow, (long)config.SeenTokens);
        return
        [
            new("head.project", [layers, heads, width, rank], width),
            new("head.embedding", [layers, heads, hidden], 0),
            new("length.embedding", [longest + 1, hidden], 0),
            new("trunk.first.weight", [seen * rank, hidden], (config.LongestWindow + 2 * config.Neighbours) * rank),
            new("trunk.first.bias", [hidden], 0),
            new("trunk.second.weight", [hidden, hidden], hidden),
            new("trunk.second.bias", [hidden], 0),
            new("trunk.out", [hidden, rank], hidden),
            new("pool.shared", [hidden, (2 * longest + 1) * m], 0),
            new("pool.head", [layers, heads, (2 * longest + 1) * m], 0),
            new("pool.token", [layers, heads, rank, 2 * m], 0),
            new("head.delta", [layers, heads, rank, m * width], 0),
        ];
    }

    /// <inheritdoc/>
    public WindowOutputs Forward(IReadOnlyDictionary<string, Tensor> parameters, int layer, Tensor inputs, WindowBatch batch)
    {
        var (m, longest, headDim) = (config.SuperTokens, config.LongestWindow, config.Model.HeadDim);
        var features = inputs.bmm(parameters["head.project"][layer]);                                     // [H, T, p]
        var seen = WindowMath.Gather(features, batch);                                                    // [N, W, p]
        var z = addmm(parameters["trunk.first.bias"], seen.view(batch.Windows, -1), parameters["trunk.first.weight"], 1, 1)
            + WindowMath.RowOfHead(parameters["head.embedding"][layer], batch) + parameters["length.embedding"].index_select(0, batch.LengthIndex);
        var a = nn.functional.silu(z);
        a = a + nn.functional.silu(addmm(parameters["trunk.second.bias"], a, parameters["trunk.second.weight"], 1, 1));
        var small = a.mm(parameters["pool.shared"]) + WindowMath.RowOfHead(parameters["pool.head"][layer], batch);
        var logits = small.narrow(1, 0, 2 * longest * m).view(batch.Windows, 2, m, longest);
        // What each token says of itself, for its head.
        var token = WindowMath.Own(features.bmm(parameters["pool.token"][layer]), batch, config).transpose(1, 2).view(batch.Windows, 2, m, longest);
        logits = logits + token;
        var delta = WindowMath.ByHead(a.mm(parameters["trunk.out"]), parameters["head.delta"][layer], batch).view(batch.Windows, m, 2 * headDim);
        return new WindowOutputs(logits.select(1, 0), logits.select(1, 1), small.narrow(1, outputs - m, m), delta.narrow(2, 0, headDim), delta.narrow(2, headDim, headDim));
    }
}
