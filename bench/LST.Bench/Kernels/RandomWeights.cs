using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models;
using LST.Core.Models.Decoding;

namespace LST.Bench.Kernels;

/// <summary>A model's weights with small random values, laid out one after the other.</summary>
internal sealed unsafe class RandomWeights : IDisposable
{
    private readonly List<IDisposable> _memory = [];
    private readonly Random _random = new(1);

    public RandomWeights(ModelConfig config, ElementType type)
    {
        Config = config;
        int m = config.HiddenSize, q = config.QueryHeads * config.HeadDim, k = config.KeyValueHeads * config.HeadDim, f = config.IntermediateSize;
        var embedding = Matrix(config.VocabularySize, m, type);
        Weights = new DecodeWeights
        {
            Embedding = embedding, Head = embedding, FinalNorm = Norm(m),
            Layers =
            [
                .. Enumerable.Range(0, config.Layers).Select(_ => new DecodeLayerWeights
                {
                    AttentionNorm = Norm(m), Query = Matrix(q, m, type), Key = Matrix(k, m, type), Value = Matrix(k, m, type), Output = Matrix(m, q, type),
                    MlpNorm = Norm(m), Gate = Matrix(f, m, type), Up = Matrix(f, m, type), Down = Matrix(m, f, type),
                }),
            ],
        };
    }

    public ModelConfig Config { get; }

    public DecodeWeights Weights { get; }

    public void Dispose() => _memory.ForEach(m => m.Dispose());

    private float* Norm(int width)
    {
        var buffer = new AlignedBuffer<float>(width);
        _memory.Add(buffer);
        new Span<float>(buffer.Pointer, width).Fill(1f);
        return buffer.Pointer;
    }

    private WeightMatrix Matrix(int rows, int columns, ElementType type)
    {
        var buffer = new AlignedBuffer<byte>((long)rows * columns * ElementSizes.Bytes(type));
        _memory.Add(buffer);
        using var row = new AlignedBuffer<float>(columns);
        for (var r = 0; r < rows; r++)
        {
            for (var i = 0; i < columns; i++) row.Pointer[i] = 0.05f * (_random.NextSingle() - 0.5f);
            ElementConversion.Narrow(row.Pointer, buffer.Pointer + (nint)r * columns * ElementSizes.Bytes(type), type, columns);
        }

        return new WeightMatrix(buffer.Pointer, type, rows, columns);
    }
}
