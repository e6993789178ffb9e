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

    /// <summary>Log importance [H_kv, T].</summary>
    /// <param name="parameters">By name; float32.</param>
    /// <param name="layer">Layer index.</param>
    /// <param name="inputs">Scaled keys and values of each token [H_kv, T, 2D] float32.</param>
    public Tensor Forward(IReadOnlyDictionary<string, Tensor> parameters, int layer, Tensor inputs)
    {
        var (heads, tokens) = (inputs.shape[0], inputs.shape[1]);
        var features = inputs.bmm(parameters["choice.project"][layer]);                                               // [H, T, p]
        var padded = nn.functional.pad(features, [0, 0, Side, Side]);
        var seen = cat([.. Enumerable.Range(0, 2 * Side + 1).Select(i => padded.narrow(1, i, tokens))], 2);            // [H, T, 5p]
        var distance = (tokens - arange(tokens, dtype: float32, device: inputs.device)).log().view(1, -1, 1);          // [1, T, 1]
        var z = nn.functional.silu(matmul(seen, parameters["choice.first.weight"]) + parameters["choice.first.head"][layer].unsqueeze(1) + distance * parameters["choice.first.distance"]);
        return matmul(z, parameters["choice.hidden"][layer].unsqueeze(2)).squeeze(2) + matmul(features, parameters["choice.token"][layer].unsqueeze(2)).squeeze(2)
            + distance.squeeze(2) * parameters["choice.distance"][layer].unsqueeze(1) + parameters["choice.level"][layer].unsqueeze(1);
    }
}
