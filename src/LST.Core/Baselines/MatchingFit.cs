using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>Weights and values of slots by least squares.</summary>
/// <param name="Least">Smallest weight, above 0.</param>
/// <param name="Most">Largest weight.</param>
/// <param name="GradientSteps">Projected gradient steps after the clamped least squares.</param>
/// <param name="Ridge">As <see cref="NormalEquations"/>.</param>
internal sealed record MatchingFit(double Least, double Most, int GradientSteps, double Ridge)
{
    /// <summary>Bounded w that makes E_S w the mass: least squares, clamped, then steps w − E_Sᵀ(E_S w − y) / σ_max(E_S)², each clamped.</summary>
    /// <param name="exponentials">E_S [P, n] float64.</param>
    /// <param name="mass">y [P].</param>
    /// <returns>[n] float64, in the current dispose scope.</returns>
    public Tensor Weights(Tensor exponentials, Tensor mass)
    {
        using var scope = NewDisposeScope();
        var equations = new NormalEquations(exponentials, Ridge);
        var weights = equations.Solve(mass.unsqueeze(1)).squeeze(1).clamp_(Least, Most);
        if (GradientSteps > 0)
        {
            var (target, step) = (matmul(exponentials.t(), mass), 1 / LargestEigenvalue(equations.Gram));
            for (var i = 0; i < GradientSteps; i++) weights.sub_((matmul(equations.Gram, weights) - target) * step).clamp_(Least, Most);
        }
        return weights.MoveToOuterDisposeScope();
    }

    /// <summary>Values C that make X C the outputs [n, D] float64, in the current dispose scope.</summary>
    /// <param name="attention">X [P, n] float64.</param>
    /// <param name="outputs">[P, D] float64.</param>
    public Tensor Values(Tensor attention, Tensor outputs)
    {
        using var scope = NewDisposeScope();
        return new NormalEquations(attention, Ridge).Solve(outputs).MoveToOuterDisposeScope();
    }

    /// <summary>Indices of weights that reach a limit, ascending; the largest alone where none does.</summary>
    public static int[] Heavy(Tensor weights, double limit)
    {
        using var scope = NewDisposeScope();
        var numbers = weights.cpu().contiguous().Span<double>();
        List<int> heavy = [];
        var largest = 0;
        for (var i = 0; i < numbers.Length; i++)
        {
            if (numbers[i] >= limit) heavy.Add(i);
            if (numbers[i] > numbers[largest]) largest = i;
        }
        return heavy.Count > 0 ? [.. heavy] : [largest];
    }

    // σ_max² by power iteration. AᵀA of non-negative A has a non-negative leading vector, which a start of ones cannot miss.
    private static double LargestEigenvalue(Tensor gram)
    {
        const int mostSteps = 200;
        using var scope = NewDisposeScope();
        var vector = ones([gram.shape[0]], float64, gram.device);
        var (value, before) = (0.0, double.NaN);
        for (var i = 0; i < mostSteps && !(Math.Abs(value - before) <= 1e-9 * value); i++)
        {
            var next = matmul(gram, vector / vector.norm());
            (before, value, vector) = (value, next.norm().item<double>(), next);
        }
        return value;
    }
}
