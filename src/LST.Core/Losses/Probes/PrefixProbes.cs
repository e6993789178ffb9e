using static TorchSharp.torch;

namespace LST.Core.Losses.Probes;

/// <summary>The prefix's own queries before RoPE, drawn with replacement for each head on its own and turned to random future positions.</summary>
public sealed class PrefixProbes : IProbeSource
{
    /// <inheritdoc/>
    public string Name => "prefix";

    /// <inheritdoc/>
    public ProbeNeeds Needs => ProbeNeeds.PreRopeQueries;

    /// <inheritdoc/>
    public Tensor Draw(ProbeContext context, int count, Generator generator)
    {
        ProbeDraws.Check(context, count);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var rows = ProbeDraws.Rows(context, "preRopeQueries", context.PreRopeQueries, count, generator);
        return ProbeDraws.ToFuturePositions(context, rows, generator).MoveToOuterDisposeScope();
    }
}
