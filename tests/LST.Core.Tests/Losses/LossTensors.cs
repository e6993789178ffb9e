using static TorchSharp.torch;

namespace LST.Core.Tests.Losses;

/// <summary>Seeded tensors, and gradients checked against central differences.</summary>
internal static class LossTensors
{
    /// <summary>Standard normal, float64.</summary>
    public static Tensor Normal(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed);
        return randn(shape, float64, generator: generator);
    }

    /// <summary>Plain numbers as float64 of a shape.</summary>
    public static Tensor Of(double[] numbers, params long[] shape) => tensor(numbers, shape);

    /// <summary>Asserts that autograd agrees with (f(x + h) − f(x − h)) / 2h in every element of every input, and that every input gets a gradient.</summary>
    public static void CheckGradients(Func<Tensor[], Tensor> loss, params Tensor[] inputs)
    {
        const double Step = 1e-5;
        using var scope = NewDisposeScope();
        var leaves = inputs.Select(input => input.detach().clone().requires_grad_()).ToArray();
        loss(leaves).backward();
        for (var k = 0; k < inputs.Length; k++)
        {
            var analytic = PlainNumbers.Of(leaves[k].grad ?? throw new InvalidOperationException($"input {k} has no gradient"));
            for (var e = 0; e < analytic.Length; e++)
            {
                double At(double by)
                {
                    using var inner = NewDisposeScope();
                    var moved = inputs.Select(input => input.detach().clone()).ToArray();
                    moved[k].view(-1).narrow(0, e, 1).add_(by);
                    return loss(moved).item<double>();
                }
                var numeric = (At(Step) - At(-Step)) / (2 * Step);
                Assert.True(Math.Abs(analytic[e] - numeric) <= 1e-6 * (1 + Math.Abs(numeric)), $"input {k}, element {e}: autograd {analytic[e]}, differences {numeric}");
            }
        }
    }
}
