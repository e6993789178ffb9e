using static TorchSharp.torch;

namespace LST.Core.Sidecar.Networks;

/// <summary>Networks and their parameters.</summary>
internal static class SuperTokenNetworks
{
    public static ISuperTokenNetwork Of(SidecarConfig config) => config.Network switch
    {
        SidecarNetwork.Encoder => new EncoderNetwork(config),
        SidecarNetwork.Trunk => new TrunkNetwork(config),
        SidecarNetwork.PerHead => new PerHeadNetwork(config),
        SidecarNetwork.Means => new MeansNetwork(config),
        _ => throw new ArgumentOutOfRangeException(nameof(config), config.Network, null),
    };

    /// <summary>Everything that is learned, in a fixed order: the network of super-tokens, then that of importance.</summary>
    public static IReadOnlyList<ParameterShape> Shapes(SidecarConfig config) =>
        config.Choice == TokenChoiceRule.Learned ? [.. Of(config).Shapes, .. new ImportanceNetwork(config).Shapes] : Of(config).Shapes;

    /// <summary>Parameters at their start: the same seed gives the same bits.</summary>
    public static Dictionary<string, Tensor> Initial(IEnumerable<ParameterShape> shapes, long seed)
    {
        using var noGradients = no_grad();
        using var generator = new Generator((ulong)seed, CPU);
        var made = new Dictionary<string, Tensor>();
        foreach (var shape in shapes)
        {
            using var scope = NewDisposeScope();
            var start = shape.FanIn switch
            {
                0 => zeros(shape.Shape, float32),
                < 0 => ones(shape.Shape, float32),
                var fan => randn(shape.Shape, float32, generator: generator) / Math.Sqrt(fan),
            };
            made[shape.Name] = start.DetachFromDisposeScope();
        }
        return made;
    }
}
