namespace LST.Core.Models;

/// <summary>RoPE scaling of the <c>llama3</c> form: low frequencies are divided by <paramref name="Factor"/>, a band between is blended.</summary>
/// <param name="Factor">Divisor of the long wavelengths.</param>
/// <param name="LowFreqFactor">Wavelengths above original length / this are divided.</param>
/// <param name="HighFreqFactor">Wavelengths below original length / this are kept.</param>
/// <param name="OriginalMaxPositions">Trained length before scaling, in tokens.</param>
public sealed record Llama3RopeScaling(double Factor, double LowFreqFactor, double HighFreqFactor, int OriginalMaxPositions);

/// <summary>The shape of a Llama-family decoder, whatever file it came from. Sizes are counts of elements, lengths are tokens.</summary>
public sealed record ModelConfig
{
    /// <summary><c>llama</c>, <c>mistral</c> or <c>qwen2</c>.</summary>
    public required string ModelType { get; init; }

    /// <summary>Width M of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the SwiGLU gate and up projections.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of layers L.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads H_q.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>Key/value heads H_kv; query head h reads KV head h / (H_q / H_kv).</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Head dimension D (even); not necessarily hidden size / query heads.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Rows V of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Trained length, in tokens.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Epsilon inside the root of RMSNorm.</summary>
    public required double RmsNormEpsilon { get; init; }

    /// <summary>RoPE base.</summary>
    public double RopeTheta { get; init; } = 10000.0;

    /// <summary>RoPE scaling; null: default RoPE.</summary>
    public Llama3RopeScaling? RopeScaling { get; init; }

    /// <summary>Sliding window W: query t sees keys t−W+1 … t; null: none.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>The head is the embedding matrix.</summary>
    public bool TiedHead { get; init; }

    /// <summary>Biases on q, k and v projections.</summary>
    public bool QkvBias { get; init; }

    /// <summary>Bias on the attention output projection.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Biases on gate, up and down projections.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Id that begins a text; null: the model names none.</summary>
    public int? BosId { get; init; }

    /// <summary>Ids that end generation (may be several, may be none).</summary>
    public IReadOnlyList<int> EosIds { get; init; } = [];

    /// <summary>Query heads per KV head, G.</summary>
    public int GroupSize => QueryHeads / KeyValueHeads;
}
