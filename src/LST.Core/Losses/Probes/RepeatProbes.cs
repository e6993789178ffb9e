using static TorchSharp.torch;

namespace LST.Core.Losses.Probes;

/// <summary>Queries with which the model really read the prefix again (a repeat pass), drawn with replacement for each head on its own, at their own positions.</summary>
public sealed class RepeatProbes : IProbeSource
{
    /// <inheritdoc/>
    public string Name => "repeat";

    /// <inheritdoc/>
    public ProbeNeeds Needs => ProbeNeeds.RepeatQueries;

    /// <inheritdoc/>
    public Tensor Draw(ProbeContext context, int count, Generator generator)
    {
        ProbeDraws.Check(context, count);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        return ProbeDraws.Rows(context, "repeatQueries", context.RepeatQueries, count, generator).MoveToOuterDisposeScope();
    }
}
