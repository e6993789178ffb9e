using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Losses.Probes;

/// <summary>One layer over one prefix, as sources of probes see it. Holds tensors of others; disposes none.</summary>
public sealed record ProbeContext
{
    /// <summary>Index of the layer, for messages.</summary>
    public required int Layer { get; init; }

    /// <summary>H_q.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>H_kv.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>D.</summary>
    public required int HeadDim { get; init; }

    /// <summary>The model's rotary frequencies.</summary>
    public required RotaryEmbedding Rotary { get; init; }

    /// <summary>Tokens T of the prefix; future positions start at T.</summary>
    public required int Tokens { get; init; }

    /// <summary>Number of future positions: T … T + horizon − 1.</summary>
    public required int Horizon { get; init; }

    /// <summary>Queries of the prefix before RoPE [H_q, T, D].</summary>
    public Tensor? PreRopeQueries { get; init; }

    /// <summary>Queries, RoPE applied, of a pass in which the model repeats the prefix [H_q, any, D].</summary>
    public Tensor? RepeatQueries { get; init; }

    /// <summary>Calibrated statistics of this layer's queries.</summary>
    public QueryStatistics? Statistics { get; init; }

    /// <summary>Where the probes shall lie.</summary>
    public Device Device { get; init; } = CPU;
}
