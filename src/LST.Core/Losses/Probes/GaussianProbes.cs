using static TorchSharp.torch;

namespace LST.Core.Losses.Probes;

/// <summary>A normal distribution fitted to each query head before RoPE (mean and covariance over calibration texts), drawn and turned to random future positions.</summary>
public sealed class GaussianProbes : IProbeSource
{
    /// <inheritdoc/>
    public string Name => "gaussian";

    /// <inheritdoc/>
    public ProbeNeeds Needs => ProbeNeeds.Statistics;

    /// <inheritdoc/>
    public Tensor Draw(ProbeContext context, int count, Generator generator)
    {
        ProbeDraws.Check(context, count);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var statistics = ProbeDraws.Statistics(context);
        var spread = matmul(ProbeDraws.Normal(context, count, generator), statistics.Factor.to(float32).to(context.Device).transpose(1, 2));
        var rows = spread + statistics.Mean.to(float32).to(context.Device).unsqueeze(1);
        return ProbeDraws.ToFuturePositions(context, rows, generator).MoveToOuterDisposeScope();
    }
}
