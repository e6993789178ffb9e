using static TorchSharp.torch;

namespace LST.Core.Losses.Probes;

/// <summary>The paper's probes: q ~ N(0, I), taken as they are for post-RoPE queries (a rotation would not change them). Expected norm √2·Γ((D+1)/2)/Γ(D/2).</summary>
public sealed class IsotropicProbes : IProbeSource
{
    /// <inheritdoc/>
    public string Name => "isotropic";

    /// <inheritdoc/>
    public ProbeNeeds Needs => ProbeNeeds.None;

    /// <inheritdoc/>
    public Tensor Draw(ProbeContext context, int count, Generator generator)
    {
        ProbeDraws.Check(context, count);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        return ProbeDraws.Normal(context, count, generator).MoveToOuterDisposeScope();
    }
}
