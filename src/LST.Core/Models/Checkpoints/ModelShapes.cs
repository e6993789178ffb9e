namespace LST.Core.Models.Checkpoints;

/// <summary>Shapes of known models, for runs that measure time and memory without their weights.</summary>
public static class ModelShapes
{
    private static readonly ModelConfig Llama2 = new()
    {
        ModelType = "llama", HiddenSize = 4096, IntermediateSize = 11008, Layers = 32, QueryHeads = 32, KeyValueHeads = 32, HeadDim = 128,
        VocabularySize = 32000, MaxPositions = 4096, RmsNormEpsilon = 1e-5,
    };

    private static readonly Dictionary<string, ModelConfig> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["llama-2-7b"] = Llama2,
        ["mistral-7b"] = Llama2 with { ModelType = "mistral", IntermediateSize = 14336, KeyValueHeads = 8, MaxPositions = 32768, SlidingWindow = 4096 },
        ["llama-3-8b"] = Llama2 with { IntermediateSize = 14336, KeyValueHeads = 8, VocabularySize = 128256, MaxPositions = 8192, RopeTheta = 500000 },
        ["smollm2-135m"] = Llama2 with
        {
            HiddenSize = 576, IntermediateSize = 1536, Layers = 30, QueryHeads = 9, KeyValueHeads = 3, HeadDim = 64, VocabularySize = 49152, MaxPositions = 8192, RopeTheta = 100000, TiedHead = true,
        },
        ["lst-ref"] = Llama2 with
        {
            HiddenSize = 256, IntermediateSize = 704, Layers = 8, QueryHeads = 4, KeyValueHeads = 4, HeadDim = 64, VocabularySize = 8192, MaxPositions = 2048, TiedHead = true,
        },
    };

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Keys];

    /// <summary>A shape by name.</summary>
    /// <param name="name">One of <see cref="Names"/>, in any case.</param>
    /// <param name="layers">Other number of layers; null: the model's own.</param>
    /// <exception cref="UsageException">An unknown name, or a number of layers below 1 or above the model's.</exception>
    public static (string Name, ModelConfig Config) Of(string name, int? layers = null)
    {
        if (!Known.TryGetValue(name, out var config)) throw new UsageException($"--shape '{name}' is unknown; known: {string.Join(", ", Names)}");
        if (layers is < 1 || layers > config.Layers) throw new UsageException($"--layers {layers}: {name.ToLowerInvariant()} has {config.Layers} layers; give 1 to {config.Layers}");
        return (name.ToLowerInvariant() + (layers is { } count && count != config.Layers ? $"-{count}l" : ""), config with { Layers = layers ?? config.Layers });
    }
}
