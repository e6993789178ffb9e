using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>The first two principal axes of rows.</summary>
/// <param name="Mean">Of the rows [D].</param>
/// <param name="Axes">Unit vectors [D, 2].</param>
/// <param name="Explained">Share of the variance on each [2].</param>
internal sealed record PrincipalAxes(Tensor Mean, Tensor Axes, IReadOnlyList<double> Explained)
{
    /// <summary>Of rows [N, D], N ≥ 2, D ≥ 2; tensors belong to the current dispose scope.</summary>
    public static PrincipalAxes Of(Tensor rows)
    {
        var mean = rows.mean([0]);
        var centred = rows - mean;
        var (values, vectors) = linalg.eigh(matmul(centred.t(), centred) / rows.shape[0]);        // ascending
        var width = (int)values.shape[0];
        var axes = stack([vectors.select(1, width - 1), vectors.select(1, width - 2)], 1);
        // Either sign is an axis: one is chosen, so that pictures do not flip.
        var largest = axes.gather(0, axes.abs().argmax(0).unsqueeze(0));
        var shares = PlainRows.Flat(values.clamp_min(0));
        var total = Math.Max(shares.Sum(share => (double)share), double.Epsilon);
        return new PrincipalAxes(mean, axes * largest.sign(), [shares[^1] / total, shares[^2] / total]);
    }

    /// <summary>Places of rows [N, D] on the axes [N, 2].</summary>
    public Tensor Project(Tensor rows) => matmul(rows - Mean, Axes);
}
