using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>
/// AdamW (Loshchilov &amp; Hutter, arXiv 1711.05101) on named float32 parameters, with state that can be saved: m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²,
/// θ ← θ(1 − ηλ) − η m̂ / (√v̂ + ε). The library's optimizer does not give its state by name.
/// A gradient that is missing counts as zero: which ones are missing depends on what the process did before, and a resumed run must do the same as one that was not stopped.
/// </summary>
/// <param name="parameters">Updated in place.</param>
/// <param name="beta1">β₁.</param>
/// <param name="beta2">β₂.</param>
/// <param name="weightDecay">λ, on matrices only.</param>
public sealed class AdamW(IReadOnlyDictionary<string, Tensor> parameters, double beta1 = 0.9, double beta2 = 0.98, double weightDecay = 0) : IDisposable
{
    private const double Epsilon = 1e-8;

    private readonly Dictionary<string, (Tensor First, Tensor Second)> state = parameters.ToDictionary(
        p => p.Key, p => (Zeros(p.Value), Zeros(p.Value)));

    /// <summary>Moments by name: <c>first.NAME</c>, <c>second.NAME</c>.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State => state.SelectMany(s => new[] { KeyValuePair.Create("first." + s.Key, s.Value.First), KeyValuePair.Create("second." + s.Key, s.Value.Second) });

    /// <summary>Global norm of all gradients; those that are missing count as zero.</summary>
    public double GradientNorm()
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var squares = parameters.Values.Where(p => p.grad is not null).Select(p => p.grad!.square().sum()).ToList();
        return squares.Count == 0 ? 0 : Math.Sqrt(stack(squares).sum().to(float64).item<double>());
    }

    /// <summary>One update.</summary>
    /// <param name="step">From 1.</param>
    /// <param name="rate">η.</param>
    /// <param name="gradientScale">Factor on all gradients: averaging and clipping.</param>
    public void Step(long step, double rate, double gradientScale)
    {
        using var noGradients = no_grad();
        var (correction1, correction2) = (1 - Math.Pow(beta1, step), 1 - Math.Pow(beta2, step));
        foreach (var (name, parameter) in parameters)
        {
            using var scope = NewDisposeScope();
            var (first, second) = state[name];
            first.mul_(beta1);
            second.mul_(beta2);
            if (parameter.grad is { } gradient)
            {
                var g = gradient * gradientScale;
                first.add_(g, alpha: 1 - beta1);
                second.addcmul_(g, g, value: 1 - beta2);
            }
            if (weightDecay > 0 && parameter.dim() > 1) parameter.mul_(1 - rate * weightDecay);
            parameter.addcdiv_(first, (second / correction2).sqrt_().add_(Epsilon), value: -rate / correction1);
        }
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void ZeroGradients()
    {
        using var scope = NewDisposeScope();
        foreach (var parameter in parameters.Values)
            if (parameter.grad is { } gradient) gradient.zero_();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (first, second) in state.Values)
        {
            first.Dispose();
            second.Dispose();
        }
    }

    private static Tensor Zeros(Tensor like) => zeros(like.shape, like.dtype, like.device).DetachFromDisposeScope();
}
