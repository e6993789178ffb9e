using static TorchSharp.torch;

namespace LST.Core.Sidecar.Networks;

/// <summary>
/// Importance of single tokens, a logarithm: per head a projection of each token, shared a layer on the projections of the token and its two neighbours on each side, and the distance to
/// the end of the prefix. s_j = u_h · silu([f_{j−2} … f_{j+2}] W + e_h + d log(T − j)) + b_h · f_j + c_h log(T − j) + a_h, with f_j = x_j P_h.
/// </summary>
internal sealed class ImportanceNetwork(SidecarConfig config)
{
    private const int Side = 2;

    /// <summary>Names, shapes and starts.</summary>
    public IReadOnlyList<ParameterShape> Shapes { get; } = Describe(config);

    private static IReadOnlyList<ParameterShape> Describe(SidecarConfig config)
    {
        var (layers, heads, width) = ((long)config.Model.Layers, (long)config.Model.KeyValueHeads, 2L * config.Model.HeadDim);
        var (rank, hidden) = ((long)config.ChoiceRank, (long)config.ChoiceHidden);
        return
        [
            new("choice.project", [layers, heads, width, rank], width),
            new("choice.first.weight", [(2 * Side + 1) * rank, hidden], (2 * Side + 1) * rank),
            new("choice.first.head", [layers, heads, hidden], 0),
            new("choice.first.distance", [hidden], 0),
            new("choice.hidden", [layers, heads, hidden], 0),
            new("choice.token", [layers, heads, rank], 0),
            new("choice.distance", [layers, heads], 0),
            new("choice.level", [layers, heads], 0),
        ];
    }

    /// <summary>Log importance [H_kv, T] float32. Differentiable in the parameters.</summary>
    /// <param name="parameters">By name; float32.</param>
    /// <param name="layer">Layer index.</param>
    /// <param name="scale">Scale of the inputs x = [k, v].</param>
    /// <param name="keys">Keys of each token in the sidecar's key space [H_kv, T, D] float32.</param>
    /// <param name="values">Values [H_kv, T, D] float32.</param>
    public Tensor Forward(IReadOnlyDictionary<string, Tensor> parameters, int layer, InputScale scale, Tensor keys, Tensor values)
    {
        var (heads, tokens, headDim) = (keys.shape[0], keys.shape[1], keys.shape[2]);
        var project = parameters["choice.project"][layer];                                                            // [H, 2D, p]
        // The scale goes into the projection, which has fewer numbers than the tokens.
        var scaled = project / scale.Deviation[layer].unsqueeze(2);
        var features = keys.bmm(scaled.narrow(1, 0, headDim)).add_(values.bmm(scaled.narrow(1, headDim, headDim))).sub_(scale.Mean[layer].unsqueeze(1).bmm(scaled));
        var padded = nn.functional.pad(features, [0, 0, Side, Side]);
        var seen = padded.unfold(1, 2 * Side + 1, 1).transpose(2, 3).reshape(heads, tokens, -1);                       // [H, T, 5p]
        var distance = (tokens - arange(tokens, dtype: float32, device: keys.device)).log().view(1, -1, 1);            // [1, T, 1]
        var z = matmul(seen, parameters["choice.first.weight"]).add_(parameters["choice.first.head"][layer].unsqueeze(1)).addcmul_(distance, parameters["choice.first.distance"], 1);
        return matmul(nn.functional.silu(z), parameters["choice.hidden"][layer].unsqueeze(2)).squeeze(2) + matmul(features, parameters["choice.token"][layer].unsqueeze(2)).squeeze(2)
            + distance.squeeze(2) * parameters["choice.distance"][layer].unsqueeze(1) + parameters["choice.level"][layer].unsqueeze(1);
    }
}
