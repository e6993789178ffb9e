using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

/// <summary>One layer of a random prompt, as a method sees it and as plain arrays. Lives in a dispose scope of the test.</summary>
internal sealed class RandomLayer
{
    private readonly RotaryEmbedding rotary;
    private readonly LayerContext context;

    public RandomLayer(int heads, int group, int tokens, int seed, int headDim = 6, int? slidingWindow = null)
    {
        Config = TinyModels.Mha with { Layers = 1, KeyValueHeads = heads, QueryHeads = heads * group, HeadDim = headDim, SlidingWindow = slidingWindow };
        rotary = new RotaryEmbedding(Config);
        var normal = new NormalNumbers(seed);
        Tensor Draw(int count, double scale) => tensor(normal.Array((long)count * tokens * headDim), count, tokens, headDim) * scale;
        var (cos, sin) = rotary.Tables([.. Enumerable.Range(0, tokens).Select(t => (long)t)]);
        var (queries, pre, values) = (Draw(heads * group, 2), Draw(heads, 2), Draw(heads, 1));
        // Not the queries turned back: of use to methods that read these alone.
        var raw = Draw(heads * group, 1) + Draw(heads * group, 1).narrow(1, 0, 1);
        context = Of(Config, queries, RotaryEmbedding.Rotate(pre, cos, sin), values, pre, raw);
        (Queries, Keys, PreRopeKeys, Values) = (PlainNumbers.Heads(queries), PlainNumbers.Heads(context.Keys), PlainNumbers.Heads(pre), PlainNumbers.Heads(values));
        PreRopeQueries = PlainNumbers.Heads(raw);
    }

    public ModelConfig Config { get; }

    public double[][][] Queries { get; }

    public double[][][] Keys { get; }

    public double[][][] PreRopeKeys { get; }

    public double[][][] Values { get; }

    public double[][][] PreRopeQueries { get; }

    public LayerContext Context => context;

    public int Tokens => Keys[0].Length;

    public float[] Frequencies => rotary.InverseFrequencies.ToArray();

    public PlanContext Plan(Ratio ratio) => new(Tokens, 1, Config.KeyValueHeads, ratio);

    /// <summary>What the real method makes of it.</summary>
    public CompressedLayer Compress(string method, Ratio ratio, bool withPreRopeKeys = true) =>
        Compress(MethodSpec.Parse(method), withPreRopeKeys ? context : Of(Config, context.Queries!, context.Keys, context.Values), ratio);

    /// <summary>What a compressor that a test made ready makes of it.</summary>
    public CompressedLayer Compress(IKvCompressor compressor, Ratio ratio) => Compress(compressor, context, ratio);

    public static CompressedLayer Compress(MethodSpec spec, LayerContext context, Ratio ratio)
    {
        using var compressor = spec.Create();
        return Compress(compressor, context, ratio);
    }

    private static CompressedLayer Compress(IKvCompressor compressor, LayerContext context, Ratio ratio)
    {
        var plan = compressor.Plan(new PlanContext(context.Tokens, 1, context.KeyValueHeads, ratio));
        return compressor.Compress(context, plan.Layers[0]);
    }

    public static LayerContext Of(ModelConfig config, Tensor queries, Tensor keys, Tensor values, Tensor? preRopeKeys = null, Tensor? preRopeQueries = null) => new()
    {
        Layer = 0, Config = config, Rotary = new RotaryEmbedding(config), Keys = keys, Values = values, Queries = queries, CapturedPreRopeKeys = preRopeKeys, PreRopeQueries = preRopeQueries,
        Statistics = new AttentionStatistics(queries, keys, config.SlidingWindow, chunkQueries: 7),
    };

    public static int[] Kept(CompressedLayer layer, int head) => layer.Positions.Slice(layer.Offsets[head], layer.Length(0, head)).ToArray();
}
