using static TorchSharp.torch;

namespace LST.Core.Models;

/// <summary>What a forward pass shows of one layer, beyond keys and values.</summary>
[Flags]
public enum CaptureNeeds
{
    /// <summary>Keys and values alone.</summary>
    None = 0,

    /// <summary>Post-RoPE queries.</summary>
    Queries = 1,

    /// <summary>Pre-RoPE queries.</summary>
    PreRopeQueries = 2,

    /// <summary>Pre-RoPE keys.</summary>
    PreRopeKeys = 4,

    /// <summary>Normed input of the attention block.</summary>
    AttentionInput = 8,

    /// <summary>Output of the layer, residual stream.</summary>
    Output = 16,
}

/// <summary>One layer of one segment while it is being computed. Tensors are valid during the callback; clone what must live longer.</summary>
public sealed class LayerCapture
{
    /// <summary>Layer index from 0.</summary>
    public required int Layer { get; init; }

    /// <summary>Post-RoPE keys of the segment [B, H_kv, S, D].</summary>
    public required Tensor Keys { get; init; }

    /// <summary>Values of the segment [B, H_kv, S, D].</summary>
    public required Tensor Values { get; init; }

    /// <summary>Post-RoPE queries [B, H_q, S, D], when asked for.</summary>
    public Tensor? Queries { get; init; }

    /// <summary>Pre-RoPE queries [B, H_q, S, D], when asked for.</summary>
    public Tensor? PreRopeQueries { get; init; }

    /// <summary>Pre-RoPE keys [B, H_kv, S, D], when asked for.</summary>
    public Tensor? PreRopeKeys { get; init; }

    /// <summary>Normed input of the attention block [B, S, M], when asked for.</summary>
    public Tensor? AttentionInput { get; init; }

    /// <summary>Output of the layer [B, S, M], when asked for.</summary>
    public Tensor? Output { get; init; }
}

/// <summary>How a segment is run.</summary>
public sealed record SegmentOptions
{
    /// <summary>Appends the segment's keys and values to the cache and moves its positions on.</summary>
    public bool Append { get; init; } = true;

    /// <summary>Called after each layer.</summary>
    public Action<LayerCapture>? OnLayer { get; init; }

    /// <summary>What <see cref="OnLayer"/> gets besides keys and values.</summary>
    public CaptureNeeds Capture { get; init; }

    /// <summary>Called before each layer; throws to stop.</summary>
    public CancellationToken Cancel { get; init; }
}
