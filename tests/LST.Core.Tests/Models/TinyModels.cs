using LST.Core.Caching;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models;

/// <summary>Models of a few thousand random weights. Head count times head dimension is never the hidden size, so that a mix-up of the two shows.</summary>
internal static class TinyModels
{
    public const int Vocabulary = 96;

    /// <summary>4 query heads on 4 KV heads, D = 8, 2 layers.</summary>
    public static ModelConfig Mha { get; } = new()
    {
        ModelType = "llama", HiddenSize = 24, IntermediateSize = 40, Layers = 2, QueryHeads = 4, KeyValueHeads = 4, HeadDim = 8,
        VocabularySize = Vocabulary, MaxPositions = 512, RmsNormEpsilon = 1e-5, RopeTheta = 1000,
    };

    /// <summary>6 query heads on 2 KV heads, D = 16, 3 layers, tied head.</summary>
    public static ModelConfig Gqa { get; } = new()
    {
        ModelType = "llama", HiddenSize = 40, IntermediateSize = 56, Layers = 3, QueryHeads = 6, KeyValueHeads = 2, HeadDim = 16,
        VocabularySize = Vocabulary, MaxPositions = 512, RmsNormEpsilon = 1e-5, RopeTheta = 10000, TiedHead = true,
    };

    public static LanguageModel Load(ModelConfig config, ScalarType dtype = ScalarType.Float32, int seed = 7) =>
        LanguageModel.Load(new RandomModelFile(config, seed), dtype, CPU);

    /// <summary>Runs a segment without gradients, as all users of a frozen model do: on the CPU that is another path than the one with gradients.</summary>
    public static Tensor RunFrozen(this LanguageModel model, Tensor ids, KvCache cache, SegmentOptions? options = null)
    {
        using var frozen = no_grad();
        return model.Run(ids, cache, options);
    }

    /// <summary>Ids of a prompt; each is drawn anew, so that some occur twice.</summary>
    public static long[] Prompt(int tokens, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, tokens).Select(_ => (long)random.Next(Vocabulary))];
    }

    /// <summary>int64 [1, S].</summary>
    public static Tensor Row(params ReadOnlySpan<long> ids) => tensor(ids.ToArray(), 1, ids.Length);
}
