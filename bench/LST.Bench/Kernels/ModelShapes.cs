using LST.Core.Models;

namespace LST.Bench.Kernels;

/// <summary>Shapes of the models that the benchmarks stand for.</summary>
internal static class ModelShapes
{
    public static readonly ModelConfig LstRef = new()
    {
        ModelType = "llama", HiddenSize = 256, IntermediateSize = 704, Layers = 8, QueryHeads = 4, KeyValueHeads = 4, HeadDim = 64,
        VocabularySize = 8192, MaxPositions = 2048, RmsNormEpsilon = 1e-5, TiedHead = true,
    };

    public static readonly ModelConfig SmolLm2 = new()
    {
        ModelType = "llama", HiddenSize = 576, IntermediateSize = 1536, Layers = 30, QueryHeads = 9, KeyValueHeads = 3, HeadDim = 64,
        VocabularySize = 49152, MaxPositions = 8192, RmsNormEpsilon = 1e-5, TiedHead = true, RopeTheta = 100000,
    };
}
