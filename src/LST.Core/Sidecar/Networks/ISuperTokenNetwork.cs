using static TorchSharp.torch;

namespace LST.Core.Sidecar.Networks;

/// <summary>What a network says of the N windows of one layer; a null part is not learned.</summary>
/// <param name="KeyLogits">Pooling logits of keys [N, m, w_max].</param>
/// <param name="ValueLogits">Pooling logits of values [N, m, w_max].</param>
/// <param name="Bias">Difference to the log mass [N, m].</param>
/// <param name="KeyDelta">Difference of keys, in input units [N, m, D].</param>
/// <param name="ValueDelta">Difference of values, in input units [N, m, D].</param>
internal sealed record WindowOutputs(Tensor? KeyLogits, Tensor? ValueLogits, Tensor? Bias, Tensor KeyDelta, Tensor ValueDelta);

/// <summary>A network with named parameters that reads windows. All outputs are zero at its initialisation.</summary>
internal interface ISuperTokenNetwork
{
    /// <summary>Names, shapes and how each parameter starts, in a fixed order.</summary>
    IReadOnlyList<ParameterShape> Shapes { get; }

    /// <summary>Runs one layer.</summary>
    /// <param name="parameters">By name; float32.</param>
    /// <param name="layer">Layer index.</param>
    /// <param name="inputs">Scaled keys and values of each token [H_kv, T, 2D] float32.</param>
    /// <param name="batch">The windows.</param>
    WindowOutputs Forward(IReadOnlyDictionary<string, Tensor> parameters, int layer, Tensor inputs, WindowBatch batch);
}

/// <summary>One parameter.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Shape">Dimensions.</param>
/// <param name="FanIn">Inputs that are summed: it starts as N(0, 1/FanIn); 0: zeros; −1: ones.</param>
internal sealed record ParameterShape(string Name, long[] Shape, long FanIn)
{
    public long Elements => Shape.Aggregate(1L, (product, size) => checked(product * size));
}
