using static TorchSharp.torch;

namespace LST.Core.Sidecar.Networks;

/// <summary>No network: windows are means with their mass. For sidecars whose learned part chooses tokens.</summary>
internal sealed class MeansNetwork(SidecarConfig config) : ISuperTokenNetwork
{
    /// <inheritdoc/>
    public IReadOnlyList<ParameterShape> Shapes => [];

    /// <inheritdoc/>
    public WindowOutputs Forward(IReadOnlyDictionary<string, Tensor> parameters, int layer, Tensor inputs, WindowBatch batch)
    {
        var zero = zeros(batch.Windows, config.SuperTokens, config.Model.HeadDim, float32, inputs.device);
        return new WindowOutputs(null, null, null, zero, zero);
    }
}
