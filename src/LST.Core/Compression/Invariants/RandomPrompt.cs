using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Compression.Invariants;

/// <summary>What a method sees of a prompt whose queries, keys and values are drawn at random: peaky attention, keys turned as a model turns them. Lives in the dispose scope that made it.</summary>
internal sealed class RandomPrompt
{
    private const int Width = 8, KeyValueHeads = 2, Group = 3, ModelWidth = 20, LayerCount = 2, Behind = 9;

    private readonly Drawn[] layers;

    private RandomPrompt(int tokens, ModelConfig config, RotaryEmbedding rotary, Drawn[] layers) => (Tokens, Config, Rotary, this.layers) = (tokens, config, rotary, layers);

    /// <summary>Shape of the model that there might be.</summary>
    public static ModelConfig Shape { get; } = new()
    {
        ModelType = "llama", HiddenSize = ModelWidth, IntermediateSize = 2 * ModelWidth, Layers = LayerCount, QueryHeads = KeyValueHeads * Group, KeyValueHeads = KeyValueHeads, HeadDim = Width,
        VocabularySize = 64, MaxPositions = 256, RmsNormEpsilon = 1e-5, RopeTheta = 10000, TiedHead = true,
    };

    /// <summary>T.</summary>
    public int Tokens { get; }

    // Whether tensors are the first T rows of longer ones, in place; else they are copies of their own.
    private bool IsInsideLonger { get; init; }

    public ModelConfig Config { get; }

    private RotaryEmbedding Rotary { get; }

    /// <summary>Draws a prompt.</summary>
    /// <param name="tokens">T.</param>
    /// <param name="seed">Its seed.</param>
    public static RandomPrompt Draw(int tokens, int seed)
    {
        using var random = new Generator((ulong)seed, CPU);
        var rotary = new RotaryEmbedding(Shape);
        var all = tokens + Behind;
        Tensor Normal(double scale, params long[] shape) => randn(shape, generator: random) * scale;
        var (cos, sin) = rotary.Tables([.. Enumerable.Range(0, all).Select(t => (long)t)]);
        Drawn One()
        {
            var (queries, keys) = (Normal(2, KeyValueHeads * Group, all, Width), Normal(2, KeyValueHeads, all, Width));
            return new Drawn(RotaryEmbedding.Rotate(keys, cos, sin), Normal(1, KeyValueHeads, all, Width), keys, RotaryEmbedding.Rotate(queries, cos, sin), queries, Normal(1, all, ModelWidth));
        }
        return new RandomPrompt(tokens, Shape, rotary, [.. Enumerable.Range(0, LayerCount).Select(_ => One())]);
    }

    /// <summary>The same prompt, as the first rows of tensors that go on behind it.</summary>
    public RandomPrompt InsideLonger() => new(Tokens, Config, Rotary, layers) { IsInsideLonger = true };

    /// <summary>The same prompt with one query head for each KV head, or with that head repeated over its group.</summary>
    /// <param name="repeated">Repeated.</param>
    public RandomPrompt WithEqualQueryHeads(bool repeated)
    {
        Tensor Each(Tensor queries)
        {
            var one = queries.view([KeyValueHeads, Group, .. queries.shape[1..]]).select(1, 0).contiguous();
            return repeated ? one.repeat_interleave(Group, 0) : one;
        }
        return new RandomPrompt(Tokens, repeated ? Config : Config with { QueryHeads = KeyValueHeads }, Rotary, [.. layers.Select(layer => layer with { Queries = Each(layer.Queries), PreRopeQueries = Each(layer.PreRopeQueries) })]);
    }

    /// <summary>What a method sees of each layer; statistics live until the next one is asked for.</summary>
    public IEnumerable<LayerContext> Layers()
    {
        Tensor First(Tensor all, int dimension) => IsInsideLonger ? all.narrow(dimension, 0, Tokens) : all.narrow(dimension, 0, Tokens).contiguous().clone();
        for (var l = 0; l < layers.Length; l++)
        {
            var layer = layers[l];
            var (keys, queries) = (First(layer.Keys, 1), First(layer.Queries, 1));
            using var statistics = new AttentionStatistics(queries, keys);
            yield return new LayerContext
            {
                Layer = l, Config = Config, Rotary = Rotary, Keys = keys, Values = First(layer.Values, 1), CapturedPreRopeKeys = First(layer.PreRopeKeys, 1),
                Queries = queries, PreRopeQueries = First(layer.PreRopeQueries, 1), Hidden = First(layer.Hidden, 0), Statistics = statistics,
            };
        }
    }

    private sealed record Drawn(Tensor Keys, Tensor Values, Tensor PreRopeKeys, Tensor Queries, Tensor PreRopeQueries, Tensor Hidden);
}
