using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>One layer of a random prompt as the compressor sees it. Lives in a dispose scope of the test.</summary>
internal static class RandomContext
{
    public static LayerContext Of(ModelConfig config, int tokens, int seed, ScalarType dtype = ScalarType.Float32, int layer = 0)
    {
        var (normal, rotary) = (new NormalNumbers(seed), new RotaryEmbedding(config));
        Tensor Draw(int heads, double spread, double center) => ((tensor(normal.Array((long)heads * tokens * config.HeadDim), heads, tokens, config.HeadDim) * spread) + center).to(dtype);
        var (cos, sin) = rotary.Tables([.. Enumerable.Range(0, tokens).Select(t => (long)t)]);
        var (keys, queries) = (Draw(config.KeyValueHeads, 1.5, 0.3), Draw(config.QueryHeads, 1.5, 0));
        return new LayerContext
        {
            Layer = layer, Config = config, Rotary = rotary, Keys = RotaryEmbedding.Rotate(keys, cos, sin), Values = Draw(config.KeyValueHeads, 1, -0.2),
            CapturedPreRopeKeys = keys, PreRopeQueries = queries, Queries = RotaryEmbedding.Rotate(queries, cos, sin),
        };
    }

    /// <summary>Plans and compresses this layer.</summary>
    public static CompressedLayer Compress(this IKvCompressor compressor, LayerContext context, Ratio ratio)
    {
        var plan = compressor.Plan(new PlanContext(context.Tokens, context.Config.Layers, context.KeyValueHeads, ratio));
        return compressor.Compress(context, plan.Layers[context.Layer]);
    }

    /// <summary>Plans and compresses this layer by one sidecar.</summary>
    public static CompressedLayer Compress(this SidecarModule sidecar, LayerContext context, Ratio ratio)
    {
        using var compressor = SuperTokenCompressor.Around(sidecar);
        return compressor.Compress(context, ratio);
    }
}
