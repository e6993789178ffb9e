using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models.Checkpoints;
using LST.Core.Models.Decoding;
using static TorchSharp.torch;

namespace LST.Core.Models;

/// <summary>
/// A CPU model's weights as addresses, for the kernels written in C#: matrices where TorchSharp keeps them, norms and biases as float32 copies.
/// </summary>
internal sealed unsafe class NativeWeights : IDisposable
{
    private readonly List<Tensor> owned = [];

    public NativeWeights(LanguageModel model)
    {
        Type = TypeOf(model.Dtype);
        Norms = [.. model.Layers.Select(layer => ((nint)Wide(layer.AttentionNorm), (nint)Wide(layer.MlpNorm)))];
        FinalNorm = Wide(model.FinalNorm);
        Decode = new DecodeWeights
        {
            Embedding = Matrix(model.Embedding, null, 0, model.Config.VocabularySize),
            Head = Matrix(model.Head, null, 0, model.Config.VocabularySize),
            FinalNorm = FinalNorm,
            Layers = [.. model.Layers.Select((layer, l) => Layer(model.Config, layer, l))],
        };
    }

    /// <summary>Storage of the matrices.</summary>
    public ElementType Type { get; }

    /// <summary>float32 weights [M] of the two norms of each layer.</summary>
    public (nint Attention, nint Mlp)[] Norms { get; }

    /// <summary>float32 weight [M] of the last norm.</summary>
    public float* FinalNorm { get; }

    /// <summary>What a decode step reads.</summary>
    public DecodeWeights Decode { get; }

    public static ElementType TypeOf(ScalarType dtype) => dtype switch
    {
        ScalarType.Float32 => ElementType.Float32,
        ScalarType.BFloat16 => ElementType.BFloat16,
        ScalarType.Float16 => ElementType.Float16,
        _ => throw new ArgumentException($"a model is float32, bfloat16 or float16, not {dtype}"),
    };

    public void Dispose()
    {
        foreach (var tensor in owned) tensor.Dispose();
    }

    private DecodeLayerWeights Layer(ModelConfig config, DecoderLayer layer, int index)
    {
        int queries = config.QueryHeads * config.HeadDim, keys = config.KeyValueHeads * config.HeadDim, width = config.IntermediateSize;
        return new DecodeLayerWeights
        {
            AttentionNorm = (float*)Norms[index].Attention,
            Query = Matrix(layer.Qkv, layer.QkvBias, 0, queries),
            Key = Matrix(layer.Qkv, layer.QkvBias, queries, keys),
            Value = Matrix(layer.Qkv, layer.QkvBias, queries + keys, keys),
            Output = Matrix(layer.Output, layer.OutputBias, 0, config.HiddenSize),
            MlpNorm = (float*)Norms[index].Mlp,
            Gate = Matrix(layer.GateUp, layer.GateUpBias, 0, width),
            Up = Matrix(layer.GateUp, layer.GateUpBias, width, width),
            Down = Matrix(layer.Down, layer.DownBias, 0, config.HiddenSize),
        };
    }

    private WeightMatrix Matrix(Tensor weight, Tensor? bias, int first, int rows)
    {
        if (!weight.is_contiguous()) throw new ArgumentException("weights must be contiguous");
        return new WeightMatrix(NativeMemory.DataOf(weight), Type, (int)weight.shape[0], (int)weight.shape[1], bias is null ? null : Wide(bias)).Slice(first, rows);
    }

    private float* Wide(Tensor vector)
    {
        var wide = vector.to(float32).contiguous().alias().DetachFromDisposeScope();
        owned.Add(wide);
        return (float*)NativeMemory.DataOf(wide);
    }
}
