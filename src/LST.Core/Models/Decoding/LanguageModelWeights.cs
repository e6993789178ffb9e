using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Models.Decoding;

/// <summary>
/// The weights of a loaded model as a decode step reads them: matrices where they lie, norms and biases as float32 copies (a few kilobytes a layer).
/// The model must outlive this.
/// </summary>
internal sealed unsafe class LanguageModelWeights : IDisposable
{
    private readonly List<AlignedBuffer<float>> _copies = [];

    /// <summary>Takes the addresses; nothing large is copied.</summary>
    /// <exception cref="ArgumentException">The model is not on the CPU (ask <see cref="Supports"/> first).</exception>
    public LanguageModelWeights(LanguageModel model)
    {
        if (!Supports(model)) throw new ArgumentException($"decoding on the CPU needs a model on the CPU, got {model.Device}", nameof(model));
        (Config, Type) = (model.Config, TypeOf(model.Dtype));
        Weights = new DecodeWeights
        {
            Embedding = Matrix(model.Embedding, null),
            Layers = [.. model.Layers.Select(Layer)],
            FinalNorm = Copy(model.FinalNorm),
            Head = Matrix(model.Head, null),
        };
    }

    /// <summary>Shape of the model.</summary>
    public ModelConfig Config { get; }

    /// <summary>Storage of the matrices.</summary>
    public ElementType Type { get; }

    /// <summary>The addresses; valid until the model or this is disposed.</summary>
    public DecodeWeights Weights { get; }

    /// <summary>Whether a model lies where these kernels can read it.</summary>
    public static bool Supports(LanguageModel model) =>
        model.Device.type == TorchSharp.DeviceType.CPU && model.Dtype is ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16;

    /// <summary>Storage that a tensor's type stands for.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ElementType TypeOf(ScalarType dtype) => dtype switch
    {
        ScalarType.Float32 => ElementType.Float32,
        ScalarType.BFloat16 => ElementType.BFloat16,
        ScalarType.Float16 => ElementType.Float16,
        _ => throw new ArgumentException($"float32, bfloat16 or float16 expected, got {dtype}", nameof(dtype)),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var copy in _copies) copy.Dispose();
    }

    private DecodeLayerWeights Layer(DecoderLayer layer)
    {
        int queries = Config.QueryHeads * Config.HeadDim, keys = Config.KeyValueHeads * Config.HeadDim, width = Config.IntermediateSize;
        WeightMatrix qkv = Matrix(layer.Qkv, layer.QkvBias), gateUp = Matrix(layer.GateUp, layer.GateUpBias);
        return new DecodeLayerWeights
        {
            AttentionNorm = Copy(layer.AttentionNorm), MlpNorm = Copy(layer.MlpNorm),
            Query = qkv.Slice(0, queries), Key = qkv.Slice(queries, keys), Value = qkv.Slice(queries + keys, keys),
            Output = Matrix(layer.Output, layer.OutputBias),
            Gate = gateUp.Slice(0, width), Up = gateUp.Slice(width, width), Down = Matrix(layer.Down, layer.DownBias),
        };
    }

    private WeightMatrix Matrix(Tensor weight, Tensor? bias)
    {
        if (!weight.is_contiguous()) throw new ArgumentException("a weight must be contiguous", nameof(weight));
        return new WeightMatrix(
            NativeMemory.DataOf(weight), TypeOf(weight.dtype), (int)weight.shape[0], (int)weight.shape[1], bias is null ? null : Copy(bias));
    }

    private float* Copy(Tensor vector)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var wide = vector.to(float32).contiguous();
        var copy = new AlignedBuffer<float>(wide.NumberOfElements);
        _copies.Add(copy);
        new ReadOnlySpan<float>(NativeMemory.DataOf(wide), (int)wide.NumberOfElements).CopyTo(new Span<float>(copy.Pointer, (int)copy.Length));
        return copy.Pointer;
    }
}
