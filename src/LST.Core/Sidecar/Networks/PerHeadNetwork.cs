using static TorchSharp.torch;

namespace LST.Core.Sidecar.Networks;

/// <summary>The preset <c>lst-large</c>: for each layer and head y = silu(x W₁ + b₁ + u_length) W₂ + b₂ on the w_max + 2c tokens that a window sees.</summary>
internal sealed class PerHeadNetwork(SidecarConfig config) : ISuperTokenNetwork
{
    /// <inheritdoc/>
    public IReadOnlyList<ParameterShape> Shapes { get; } = Describe(config);

    private static IReadOnlyList<ParameterShape> Describe(SidecarConfig config)
    {
        var (layers, heads, width) = ((long)config.Model.Layers, (long)config.Model.KeyValueHeads, 2L * config.Model.HeadDim * config.SeenTokens);
        var outputs = (2L * config.Model.HeadDim + 2 * config.LongestWindow + 1) * config.SuperTokens;
        return
        [
            new("first.weight", [layers, heads, width, config.Hidden], 2L * config.Model.HeadDim * (config.LongestWindow + 2 * config.Neighbours)),
            new("first.bias", [layers, heads, config.Hidden], 0),
            new("length.embedding", [layers, config.LongestWindow + 1, config.Hidden], 0),
            new("second.weight", [layers, heads, config.Hidden, outputs], 0),
            new("second.bias", [layers, heads, outputs], 0),
        ];
    }

    /// <inheritdoc/>
    public WindowOutputs Forward(IReadOnlyDictionary<string, Tensor> parameters, int layer, Tensor inputs, WindowBatch batch)
    {
        var (m, longest, headDim) = (config.SuperTokens, config.LongestWindow, config.Model.HeadDim);
        var seen = WindowMath.Gather(inputs, batch).view(batch.Windows, -1);
        var hidden = nn.functional.silu(WindowMath.ByHead(seen, parameters["first.weight"][layer], batch)
            + WindowMath.RowOfHead(parameters["first.bias"][layer], batch) + parameters["length.embedding"][layer].index_select(0, batch.LengthIndex));
        var y = WindowMath.ByHead(hidden, parameters["second.weight"][layer], batch) + WindowMath.RowOfHead(parameters["second.bias"][layer], batch);
        var logits = y.narrow(1, 0, 2 * longest * m).view(batch.Windows, 2, m, longest);
        var delta = y.narrow(1, (2 * longest + 1) * m, 2 * headDim * m).view(batch.Windows, m, 2 * headDim);
        return new WindowOutputs(logits.select(1, 0), logits.select(1, 1), y.narrow(1, 2 * longest * m, m), delta.narrow(2, 0, headDim), delta.narrow(2, headDim, headDim));
    }
}
