using static TorchSharp.torch;

namespace LST.Core.Losses;

/// <summary>
/// A penalty that keeps the N super-tokens of a head apart, averaged over heads. x_i are the rows [N, D] of a head, x̂_i = x_i / ‖x_i‖.
/// Cosine: Σ_{i≠j} (x̂_i·x̂_j)² / (N(N − 1)), in [0, 1].
/// Log-determinant: −log det(I + s·X̂X̂ᵀ) / N with s = α·D/N; equal to the D×D form, whichever is smaller is factored.
/// Variance floor: mean over channels of relu(1 − σ_c / σ⁰_c), σ_c the standard deviation (divided by N) of channel c over the rows and σ⁰_c that of the
/// dense rows, 1 without them; channels whose σ⁰ is 0 ask for nothing.
/// A lone row (N = 1) has no neighbour: cosine and variance floor are 0, the log-determinant is the constant −log(1 + α·D); the gradient is 0 in all three.
/// </summary>
public static class Diversity
{
    // Squared norms and variances below this are taken for zero: roots have no slope there.
    private const double Smallest = 1e-12;

    /// <summary>The penalty; differentiable in the super-tokens.</summary>
    /// <param name="superKeys">k̃ [H, N, D].</param>
    /// <param name="superValues">ṽ [H, N, D].</param>
    /// <param name="settings">Form.</param>
    /// <param name="denseKeys">Dense keys [H, T, D], reference of the variance floor; null: a standard deviation of 1. A constant.</param>
    /// <param name="denseValues">As <paramref name="denseKeys"/>, of the values.</param>
    /// <returns>Scalar, float64 if the super-tokens are, else float32.</returns>
    /// <exception cref="ArgumentException">A shape or setting does not fit.</exception>
    public static Tensor Of(Tensor superKeys, Tensor superValues, DiversitySettings settings, Tensor? denseKeys = null, Tensor? denseValues = null)
    {
        LossInputs.Expect(superKeys, nameof(superKeys), "[H, N, D]", LossInputs.Any, LossInputs.Any, LossInputs.Any);
        LossInputs.ExpectRows(superKeys, nameof(superKeys));
        LossInputs.Expect(superValues, nameof(superValues), "[H, N, D]", superKeys.shape);
        if (!(settings.Sharpness > 0 && double.IsFinite(settings.Sharpness)))
            throw new ArgumentException($"settings: expected a finite sharpness above 0, got {settings.Sharpness}", nameof(settings));
        CheckReference(denseKeys, nameof(denseKeys), superKeys);
        CheckReference(denseValues, nameof(denseValues), superKeys);
        using var scope = NewDisposeScope();
        var precision = LossInputs.Precision(superKeys, superValues);
        Tensor Penalty(Tensor rows, Tensor? dense) => OfRows(rows.to(precision), settings, dense?.detach().to(precision));
        var penalty = settings.Target switch
        {
            DiversityTarget.Keys => Penalty(superKeys, denseKeys),
            DiversityTarget.Values => Penalty(superValues, denseValues),
            _ => (Penalty(superKeys, denseKeys) + Penalty(superValues, denseValues)) / 2,
        };
        return penalty.MoveToOuterDisposeScope();
    }

    private static Tensor OfRows(Tensor rows, DiversitySettings settings, Tensor? dense) => settings.Kind switch
    {
        DiversityKind.Cosine => SquaredCosine(Unit(rows)),
        DiversityKind.LogDeterminant => LogDeterminant(Unit(rows), settings.Sharpness),
        _ => VarianceFloor(rows, dense),
    };

    // Rows that are zero stay zero.
    private static Tensor Unit(Tensor rows) => rows * rows.square().sum(-1, true).clamp_min(Smallest).rsqrt();

    // ‖X̂X̂ᵀ‖² holds all pairs, i = j among them.
    private static Tensor SquaredCosine(Tensor unit)
    {
        var count = unit.shape[1];
        var pairs = SmallerProduct(unit).square().sum([1, 2]) - unit.square().sum(-1).square().sum(-1);
        return pairs.mean() / Math.Max(1, count * (count - 1));
    }

    private static Tensor LogDeterminant(Tensor unit, double sharpness)
    {
        var (count, width) = (unit.shape[1], unit.shape[2]);
        var product = SmallerProduct(unit) * (sharpness * width / count);
        var factor = linalg.cholesky(product + eye(product.shape[1], dtype: product.dtype, device: product.device));
        return factor.diagonal(0, -2, -1).log().sum(-1).mean() * (-2.0 / count);
    }

    private static Tensor VarianceFloor(Tensor rows, Tensor? dense)
    {
        if (rows.shape[1] == 1) return rows.sum() * 0;        // with a graph, as all else
        var deviation = Deviation(rows);
        if (dense is null) return (1 - deviation).relu().mean();
        var reference = Deviation(dense);
        var varies = reference > 2 * Math.Sqrt(Smallest);
        return (1 - deviation / reference).relu().masked_fill(varies.logical_not(), 0).mean();
    }

    // [H, N, D] → [H, D].
    private static Tensor Deviation(Tensor rows) => (rows - rows.mean([1], true)).square().mean([1]).clamp_min(Smallest).sqrt();

    // N×N or D×D of a head, whichever is smaller: same squared norm, same determinant of I + s·(…).
    private static Tensor SmallerProduct(Tensor unit)
    {
        var turned = unit.transpose(1, 2);
        return unit.shape[1] <= unit.shape[2] ? matmul(unit, turned) : matmul(turned, unit);
    }

    private static void CheckReference(Tensor? dense, string name, Tensor rows)
    {
        if (dense is null) return;
        LossInputs.Expect(dense, name, "[H, T, D]", rows.shape[0], LossInputs.Any, rows.shape[2]);
        LossInputs.ExpectRows(dense, name);
    }
}
