using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// Least squares min ‖A x − b‖² by the Cholesky factor of AᵀA, in double, with A's columns brought to unit length first and a ridge on the diagonal. Everything belongs to the current dispose scope.
/// </summary>
internal sealed class NormalEquations
{
    // A shorter rest of a column of unit length, outside of what the others span, is rounding.
    private const double LeastPivot = 3e-7;

    private readonly Tensor columns;
    private readonly Tensor scale;              // [n] 1 / length of each column
    private readonly Tensor? factor;            // lower Cholesky factor of the scaled AᵀA + ridge; null where it has none

    /// <summary>Factors AᵀA.</summary>
    /// <param name="columns">A [P, n] float64.</param>
    /// <param name="ridge">λ, relative to columns of unit length.</param>
    public NormalEquations(Tensor columns, double ridge)
    {
        this.columns = columns;
        Gram = GramOf(columns);
        // A column of zeros (no probe reaches the key) has any length.
        scale = Gram.diagonal().clamp_min(1e-300).rsqrt();
        var scaled = Gram * scale.unsqueeze(0) * scale.unsqueeze(1);
        scaled.diagonal().fill_(1 + ridge);
        var (lower, info) = linalg.cholesky_ex(scaled);
        factor = info.to(int64).item<long>() == 0 && lower.diagonal().min().item<double>() > LeastPivot ? lower : null;
    }

    /// <summary>AᵀA [n, n].</summary>
    public Tensor Gram { get; }

    /// <summary>The solution for right-hand sides b [P, k] → [n, k]; of least norm where AᵀA has no Cholesky factor.</summary>
    public Tensor Solve(Tensor b)
    {
        // By singular values: libtorch's lstsq leaves the pivots of its rank-revealing QR open.
        if (factor is null) return matmul(linalg.pinv(columns * scale), b) * scale.unsqueeze(1);
        var half = linalg.solve_triangular(factor, matmul(columns.t(), b) * scale.unsqueeze(1), upper: false);
        return linalg.solve_triangular(factor.t(), half, upper: true) * scale.unsqueeze(1);
    }

    /// <summary>AᵀA by blocks of columns: what lies above the diagonal is not computed but mirrored.</summary>
    public static Tensor GramOf(Tensor columns)
    {
        const int block = 256;
        var n = columns.shape[1];
        var gram = empty([n, n], float64, columns.device);
        for (var start = 0L; start < n; start += block)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(block, n - start);
            var part = matmul(columns.narrow(1, start, n - start).t(), columns.narrow(1, start, count));
            gram.narrow(0, start, n - start).narrow(1, start, count).copy_(part);
            gram.narrow(0, start, count).narrow(1, start, n - start).copy_(part.t());
        }
        return gram;
    }
}
