using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Models;

/// <summary>
/// Weights of one layer, fused where one product can do the work of several: q, k, v in one matrix [(H_q + 2·H_kv)·D, M],
/// gate and up in one [2·F, M].
/// </summary>
public sealed class DecoderLayer : IDisposable
{
    private DecoderLayer() { }

    /// <summary>Weight of the norm before attention [M].</summary>
    public required Tensor AttentionNorm { get; init; }

    /// <summary>Fused q, k, v projection [(H_q + 2·H_kv)·D, M].</summary>
    public required Tensor Qkv { get; init; }

    /// <summary>Its bias, or null.</summary>
    public Tensor? QkvBias { get; init; }

    /// <summary>Attention output projection [M, H_q·D].</summary>
    public required Tensor Output { get; init; }

    /// <summary>Its bias, or null.</summary>
    public Tensor? OutputBias { get; init; }

    /// <summary>Weight of the norm before the MLP [M].</summary>
    public required Tensor MlpNorm { get; init; }

    /// <summary>Fused gate and up projections [2·F, M].</summary>
    public required Tensor GateUp { get; init; }

    /// <summary>Their bias, or null.</summary>
    public Tensor? GateUpBias { get; init; }

    /// <summary>Down projection [M, F].</summary>
    public required Tensor Down { get; init; }

    /// <summary>Its bias, or null.</summary>
    public Tensor? DownBias { get; init; }

    internal static DecoderLayer Load(IModelFile file, int index, ScalarType dtype, Device device)
    {
        var config = file.Config;
        var prefix = $"model.layers.{index}.";
        Tensor One(string name) => file.Load(prefix + name, dtype, device).DetachFromDisposeScope();
        Tensor Fused(params string[] names)
        {
            using var scope = NewDisposeScope();
            return cat([.. names.Select(name => file.Load(prefix + name, dtype, device))], 0).DetachFromDisposeScope();
        }
        const string attention = "self_attn.", mlp = "mlp.";
        return new DecoderLayer
        {
            AttentionNorm = One("input_layernorm.weight"),
            Qkv = Fused(attention + "q_proj.weight", attention + "k_proj.weight", attention + "v_proj.weight"),
            QkvBias = config.QkvBias ? Fused(attention + "q_proj.bias", attention + "k_proj.bias", attention + "v_proj.bias") : null,
            Output = One(attention + "o_proj.weight"),
            OutputBias = config.OutputBias ? One(attention + "o_proj.bias") : null,
            MlpNorm = One("post_attention_layernorm.weight"),
            GateUp = Fused(mlp + "gate_proj.weight", mlp + "up_proj.weight"),
            GateUpBias = config.MlpBias ? Fused(mlp + "gate_proj.bias", mlp + "up_proj.bias") : null,
            Down = One(mlp + "down_proj.weight"),
            DownBias = config.MlpBias ? One(mlp + "down_proj.bias") : null,
        };
    }

    /// <summary>All tensors of the layer.</summary>
    public IEnumerable<Tensor> Tensors => new[] { AttentionNorm, Qkv, QkvBias, Output, OutputBias, MlpNorm, GateUp, GateUpBias, Down, DownBias }.OfType<Tensor>();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Tensors) tensor.Dispose();
    }
}
