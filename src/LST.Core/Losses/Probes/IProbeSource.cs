using static TorchSharp.torch;

namespace LST.Core.Losses.Probes;

/// <summary>What a source of probes must be given.</summary>
[Flags]
public enum ProbeNeeds
{
    /// <summary>Shapes alone.</summary>
    None = 0,

    /// <summary><see cref="ProbeContext.PreRopeQueries"/>.</summary>
    PreRopeQueries = 1,

    /// <summary><see cref="ProbeContext.RepeatQueries"/>.</summary>
    RepeatQueries = 2,

    /// <summary><see cref="ProbeContext.Statistics"/>.</summary>
    Statistics = 4,
}

/// <summary>Where probes (stand-ins for the queries to come) are from.</summary>
public interface IProbeSource
{
    /// <summary>Name on the command line and in records.</summary>
    string Name { get; }

    /// <summary>What the context must hold.</summary>
    ProbeNeeds Needs { get; }

    /// <summary>Draws probes. All chance comes from the generator: equal states give equal bits, on every device.</summary>
    /// <param name="context">Layer, prefix and what <see cref="Needs"/> asks for.</param>
    /// <param name="count">Probes a query head, at least 1.</param>
    /// <param name="generator">Generator on the CPU; its state moves on.</param>
    /// <returns>Post-RoPE probes [H_q, count, D], float32 (float64 where the given queries are), in the current dispose scope, without gradients.</returns>
    /// <exception cref="ArgumentException">The count is not positive, the context lacks something or its shape does not fit.</exception>
    Tensor Draw(ProbeContext context, int count, Generator generator);
}
