namespace LST.Core.Models.Decoding;

/// <summary>Addresses of one layer's weights. Norms and biases are float32, whatever the matrices' storage is.</summary>
internal readonly unsafe struct DecodeLayerWeights
{
    /// <summary>Weight of the norm before attention [M].</summary>
    public required float* AttentionNorm { get; init; }

    /// <summary>Query projection [H_q·D, M].</summary>
    public required WeightMatrix Query { get; init; }

    /// <summary>Key projection [H_kv·D, M].</summary>
    public required WeightMatrix Key { get; init; }

    /// <summary>Value projection [H_kv·D, M].</summary>
    public required WeightMatrix Value { get; init; }

    /// <summary>Output projection [M, H_q·D].</summary>
    public required WeightMatrix Output { get; init; }

    /// <summary>Weight of the norm before the MLP [M].</summary>
    public required float* MlpNorm { get; init; }

    /// <summary>Gate projection [F, M].</summary>
    public required WeightMatrix Gate { get; init; }

    /// <summary>Up projection [F, M].</summary>
    public required WeightMatrix Up { get; init; }

    /// <summary>Down projection [M, F].</summary>
    public required WeightMatrix Down { get; init; }
}

/// <summary>Addresses of a decoder's weights; the memory belongs to somebody else and must outlive this.</summary>
internal sealed unsafe class DecodeWeights
{
    /// <summary>Embedding [V, M]; its bias is not used.</summary>
    public required WeightMatrix Embedding { get; init; }

    /// <summary>The layers, first to last.</summary>
    public required IReadOnlyList<DecodeLayerWeights> Layers { get; init; }

    /// <summary>Weight of the last norm [M].</summary>
    public required float* FinalNorm { get; init; }

    /// <summary>Head [V, M]; the embedding when tied.</summary>
    public required WeightMatrix Head { get; init; }

    /// <summary>Bytes that a step reads: all layers and the head.</summary>
    public long BytesPerStep => Layers.Sum(l => Matrices(l).Sum(m => m.Matrix.Bytes)) + Head.Bytes;

    /// <summary>Compares every shape with the model's and looks at every float16 weight once.</summary>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="ModelFileException">A float16 weight is infinite or NaN.</exception>
    public void Check(ModelConfig config)
    {
        int hidden = config.HiddenSize, queries = config.QueryHeads * config.HeadDim, keys = config.KeyValueHeads * config.HeadDim;
        if (Layers.Count != config.Layers) throw new ArgumentException($"weights of {config.Layers} layers expected, got {Layers.Count}");
        CheckMatrix("embedding", Embedding, config.VocabularySize, hidden);
        CheckMatrix("head", Head, config.VocabularySize, hidden);
        for (var l = 0; l < Layers.Count; l++)
        {
            foreach (var (name, matrix) in Matrices(Layers[l]))
            {
                var (rows, columns) = name switch
                {
                    "query" => (queries, hidden),
                    "key" or "value" => (keys, hidden),
                    "output" => (hidden, queries),
                    "down" => (hidden, config.IntermediateSize),
                    _ => (config.IntermediateSize, hidden),
                };
                CheckMatrix($"layer {l} {name}", matrix, rows, columns);
            }
        }
    }

    private static void CheckMatrix(string name, in WeightMatrix matrix, int rows, int columns)
    {
        if (matrix.Rows != rows || matrix.Columns != columns)
            throw new ArgumentException($"{name}: weight [{rows}, {columns}] expected, got [{matrix.Rows}, {matrix.Columns}]");
        if (!matrix.IsSafeFloat16())
            throw new ModelFileException($"{name}: a float16 weight must be finite, but some are infinite or NaN; load the model as bfloat16 or float32.");
    }

    private static (string Name, WeightMatrix Matrix)[] Matrices(in DecodeLayerWeights layer) =>
    [
        ("query", layer.Query), ("key", layer.Key), ("value", layer.Value), ("output", layer.Output),
        ("gate", layer.Gate), ("up", layer.Up), ("down", layer.Down),
    ];
}
