using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Compression;

/// <summary>
/// One layer of one sample right after its prefill: what a method may read. Tensors belong to the caller and hold T tokens without padding;
/// those that a method did not ask for are null.
/// </summary>
public sealed class LayerContext
{
    /// <summary>Layer index from 0.</summary>
    public required int Layer { get; init; }

    /// <summary>Shape of the model.</summary>
    public required ModelConfig Config { get; init; }

    /// <summary>Frequencies of the model.</summary>
    public required RotaryEmbedding Rotary { get; init; }

    /// <summary>Post-RoPE keys [H_kv, T, D].</summary>
    public required Tensor Keys { get; init; }

    /// <summary>Values [H_kv, T, D].</summary>
    public required Tensor Values { get; init; }

    /// <summary>Pre-RoPE keys [H_kv, T, D] as projected, or null.</summary>
    public Tensor? CapturedPreRopeKeys { get; init; }

    /// <summary>Post-RoPE queries [H_q, T, D], or null.</summary>
    public Tensor? Queries { get; init; }

    /// <summary>Pre-RoPE queries [H_q, T, D], or null.</summary>
    public Tensor? PreRopeQueries { get; init; }

    /// <summary>Normed input of the attention block [T, M], or null.</summary>
    public Tensor? Hidden { get; init; }

    /// <summary>Attention statistics, computed when first read; null when queries were not captured.</summary>
    public AttentionStatistics? Statistics { get; init; }

    /// <summary>T.</summary>
    public int Tokens => (int)Keys.shape[1];

    /// <summary>H_kv.</summary>
    public int KeyValueHeads => (int)Keys.shape[0];

    /// <summary>Statistics, or a failure that names the missing declaration.</summary>
    public AttentionStatistics RequireStatistics() =>
        Statistics ?? throw new InvalidOperationException("the method reads attention statistics but does not declare CompressorNeeds.Statistics");

    /// <summary>Pre-RoPE keys [H_kv, T, D] float32: as captured, else turned back from the cached keys. Belongs to the current dispose scope.</summary>
    public Tensor PreRopeKeys()
    {
        if (CapturedPreRopeKeys is not null) return CapturedPreRopeKeys.to(float32);
        var (cos, sin) = Rotary.FirstTables(Tokens, Keys.device);
        return RotaryEmbedding.Rotate(Keys.to(float32), cos, -sin);
    }
}
