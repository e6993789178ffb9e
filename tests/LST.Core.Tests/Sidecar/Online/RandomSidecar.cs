using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar.Online;

/// <summary>Sidecars whose every parameter is drawn, so that all parts of the network speak.</summary>
internal static class RandomSidecar
{
    public static SidecarModule Of(ModelConfig shape, string preset, string ratio, Func<SidecarConfig, SidecarConfig>? change = null)
    {
        var config = SidecarPresets.Of(preset, "random", null, shape, Ratio.Parse(ratio)) with { Hidden = 12, Rank = 5, EncoderHeads = 2 };
        if (change is not null) config = change(config);
        var normal = new NormalNumbers(11);
        long[] scale = [shape.Layers, shape.KeyValueHeads, 2L * shape.HeadDim];
        Tensor Draw(long[] size, double spread) => tensor(normal.Array(size.Aggregate((a, b) => a * b)), size) * spread;
        using var scope = NewDisposeScope();
        var sidecar = SidecarModule.Untrained(config, 1, new InputScale(Draw(scale, 0.3).DetachFromDisposeScope(), Draw(scale, 0.2).abs().add(0.7).DetachFromDisposeScope()));
        foreach (var parameter in sidecar.Parameters.Values) parameter.copy_(Draw(parameter.shape, 0.3));
        return sidecar;
    }
}
