using LST.Core.Training;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training;

public class AdamWTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    public void Equals_the_librarys_optimizer_over_many_steps(double decay)
    {
        using var scope = NewDisposeScope();
        var generator = new Generator(8, CPU);
        var (own, theirs) = (Parameters(generator.initial_seed()), Parameters(generator.initial_seed()));
        using var optimizer = new AdamW(own, weightDecay: decay);
        var matrix = new TorchSharp.Modules.Parameter(theirs["matrix"]);
        var vector = new TorchSharp.Modules.Parameter(theirs["vector"]);
        // Decay is for matrices alone.
        var ofMatrix = optim.AdamW([matrix], 1e-2, 0.9, 0.98, 1e-8, decay);
        var ofVector = optim.AdamW([vector], 1e-2, 0.9, 0.98, 1e-8, 0);

        for (var step = 1; step <= 12; step++)
        {
            var rate = 1e-2 / step;
            foreach (var (name, other) in new[] { ("matrix", matrix), ("vector", vector) })
            {
                var gradient = randn(other.shape, float32, generator: generator) * (step % 3 == 0 ? 20 : 0.1);
                own[name].grad = gradient * 4;
                other.grad = gradient.clone();
            }
            foreach (var group in ofMatrix.ParamGroups.Concat(ofVector.ParamGroups)) group.LearningRate = rate;
            optimizer.Step(step, rate, 0.25);
            ofMatrix.step();
            ofVector.step();
            Close(matrix, own["matrix"]);
            Close(vector, own["vector"]);
        }
    }

    [Fact]
    public void The_norm_is_that_of_all_gradients_and_missing_ones_count_nothing()
    {
        using var scope = NewDisposeScope();
        var parameters = Parameters(1);
        using var optimizer = new AdamW(parameters);

        Assert.Equal(0, optimizer.GradientNorm());
        parameters["vector"].grad = full_like(parameters["vector"], 2);
        Assert.Equal(Math.Sqrt(4 * parameters["vector"].NumberOfElements), optimizer.GradientNorm(), 5);
        parameters["matrix"].grad = full_like(parameters["matrix"], -1);
        Assert.Equal(Math.Sqrt(4 * parameters["vector"].NumberOfElements + parameters["matrix"].NumberOfElements), optimizer.GradientNorm(), 5);
        optimizer.ZeroGradients();
        Assert.Equal(0, optimizer.GradientNorm());
    }

    [Fact]
    public void A_missing_gradient_is_one_of_zeros()
    {
        using var scope = NewDisposeScope();
        var (missing, zero) = (Parameters(1), Parameters(1));
        using var one = new AdamW(missing, weightDecay: 0.5);
        using var other = new AdamW(zero, weightDecay: 0.5);
        foreach (var parameter in missing.Values.Concat(zero.Values)) parameter.grad = ones_like(parameter);
        one.Step(1, 0.1, 1);
        other.Step(1, 0.1, 1);
        missing["matrix"].grad = null;
        zero["matrix"].grad!.zero_();

        one.Step(2, 0.1, 1);
        other.Step(2, 0.1, 1);

        Assert.Equal(zero["matrix"].data<float>().ToArray(), missing["matrix"].data<float>().ToArray());
    }

    private static Dictionary<string, Tensor> Parameters(long seed)
    {
        var generator = new Generator((ulong)seed, CPU);
        return new()
        {
            ["matrix"] = randn([5, 7], float32, generator: generator).requires_grad_(),
            ["vector"] = randn([11], float32, generator: generator).requires_grad_(),
        };
    }

    private static void Close(Tensor expected, Tensor actual) => Assert.True((expected - actual).abs().max().item<float>() < 2e-6);
}
