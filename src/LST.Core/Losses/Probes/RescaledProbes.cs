using static TorchSharp.torch;

namespace LST.Core.Losses.Probes;

/// <summary>Isotropic directions at the size of real queries: N(0, I) times a factor a head, so that the expected norm is the head's calibrated mean norm.</summary>
public sealed class RescaledProbes : IProbeSource
{
    /// <inheritdoc/>
    public string Name => "rescaled";

    /// <inheritdoc/>
    public ProbeNeeds Needs => ProbeNeeds.Statistics;

    /// <inheritdoc/>
    public Tensor Draw(ProbeContext context, int count, Generator generator)
    {
        ProbeDraws.Check(context, count);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var factors = ProbeDraws.Statistics(context).MeanNorm.to(float32).to(context.Device) / ExpectedNorm(context.HeadDim);
        return (ProbeDraws.Normal(context, count, generator) * factors.view(-1, 1, 1)).MoveToOuterDisposeScope();
    }

    /// <summary>E ‖N(0, I)‖ = √2·Γ((D+1)/2)/Γ(D/2) in D dimensions.</summary>
    internal static double ExpectedNorm(int dimensions)
    {
        // The quotient of Γ is 1/√π at D = 1 and √π/2 at D = 2; from D to D + 2 it grows by (D + 1)/D.
        var (start, quotient) = dimensions % 2 == 1 ? (1, 1 / Math.Sqrt(Math.PI)) : (2, Math.Sqrt(Math.PI) / 2);
        for (var d = start; d < dimensions; d += 2) quotient *= (d + 1.0) / d;
        return Math.Sqrt(2) * quotient;
    }
}
