using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Models.Decoding;

/// <summary>Activations of a decode step, float32, allocated once.</summary>
internal sealed class DecodeScratch(ModelConfig config, int batch) : IDisposable
{
    /// <summary>Largest batch B.</summary>
    public int Batch => batch;

    /// <summary>Residual stream [B, M].</summary>
    public AlignedBuffer<float> Residual { get; } = new((long)batch * config.HiddenSize);

    /// <summary>Residual stream after a norm [B, M].</summary>
    public AlignedBuffer<float> Normed { get; } = new((long)batch * config.HiddenSize);

    /// <summary>Queries [B, H_q, D].</summary>
    public AlignedBuffer<float> Queries { get; } = new((long)batch * config.QueryHeads * config.HeadDim);

    /// <summary>Keys [B, H_kv, D].</summary>
    public AlignedBuffer<float> Keys { get; } = new((long)batch * config.KeyValueHeads * config.HeadDim);

    /// <summary>Values [B, H_kv, D].</summary>
    public AlignedBuffer<float> Values { get; } = new((long)batch * config.KeyValueHeads * config.HeadDim);

    /// <summary>Attention's output [B, H_q, D].</summary>
    public AlignedBuffer<float> Attended { get; } = new((long)batch * config.QueryHeads * config.HeadDim);

    /// <summary>silu(gate) · up [B, F].</summary>
    public AlignedBuffer<float> Activated { get; } = new((long)batch * config.IntermediateSize);

    /// <summary>Logits [B, V].</summary>
    public AlignedBuffer<float> Logits { get; } = new((long)batch * config.VocabularySize);

    /// <summary>Positions of the tokens [B].</summary>
    public AlignedBuffer<int> Positions { get; } = new(batch);

    /// <summary>Cosines of the positions' angles [B, D/2].</summary>
    public AlignedBuffer<float> Cos { get; } = new((long)batch * config.HeadDim / 2);

    /// <summary>Sines of the positions' angles [B, D/2].</summary>
    public AlignedBuffer<float> Sin { get; } = new((long)batch * config.HeadDim / 2);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in (ReadOnlySpan<AlignedBuffer<float>>)[Residual, Normed, Queries, Keys, Values, Attended, Activated, Logits, Cos, Sin])
            buffer.Dispose();
        Positions.Dispose();
    }
}
