using LST.Core.Losses;
using static TorchSharp.torch;

namespace LST.Core.Tests.Losses;

public class LanguageModelLossTests
{
    [Fact]
    public void Cross_entropy_of_two_rows_is_the_one_written_out_by_hand()
    {
        using var scope = NewDisposeScope();
        // p = (1/4, 3/4) and (1/2, 1/2); targets 0 and 1.
        var logits = LossTensors.Of([0, Math.Log(3), 5, 5], 2, 2);
        var targets = tensor(new long[] { 0, 1 });

        Assert.Equal((Math.Log(4) + Math.Log(2)) / 2, LanguageModelLoss.CrossEntropy(logits, targets).item<double>(), 12);
        Assert.Equal((3 * Math.Log(4) + Math.Log(2)) / 4, LanguageModelLoss.CrossEntropy(logits, targets, tensor(new[] { 3.0, 1.0 })).item<double>(), 12);
    }

    [Fact]
    public void Divergence_of_two_rows_is_the_one_written_out_by_hand()
    {
        using var scope = NewDisposeScope();
        // q = (1/2, 1/2), p = (1/4, 3/4): KL = ½ log 2 + ½ log ⅔. The second row is equal on both sides.
        var logits = LossTensors.Of([0, Math.Log(3), 1, 4], 2, 2);
        var dense = LossTensors.Of([7, 7, 1, 4], 2, 2);
        var row = 0.5 * Math.Log(2) + 0.5 * Math.Log(2.0 / 3);

        Assert.Equal(row / 2, LanguageModelLoss.DivergenceFromDense(logits, dense).item<double>(), 12);
        Assert.Equal(row * 0.2, LanguageModelLoss.DivergenceFromDense(logits, dense, tensor(new[] { 0.5, 2.0 })).item<double>(), 12);
    }

    [Fact]
    public void Gradients_are_those_of_differences()
    {
        using var scope = NewDisposeScope();
        var targets = tensor(new long[] { 3, 0, 4 });
        var (dense, weights) = (LossTensors.Normal(2, 3, 5), tensor(new[] { 1.0, 0.0, 2.5 }));

        LossTensors.CheckGradients(x => LanguageModelLoss.CrossEntropy(x[0], targets, weights), LossTensors.Normal(1, 3, 5));
        LossTensors.CheckGradients(x => LanguageModelLoss.DivergenceFromDense(x[0], dense, weights), LossTensors.Normal(1, 3, 5));
    }

    [Fact]
    public void No_gradient_reaches_the_dense_side()
    {
        using var scope = NewDisposeScope();
        var dense = LossTensors.Normal(2, 3, 5).requires_grad_();

        LanguageModelLoss.DivergenceFromDense(LossTensors.Normal(1, 3, 5).requires_grad_(), dense).backward();

        Assert.Null(dense.grad);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Narrow_logits_are_summed_in_float32(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var logits = LossTensors.Normal(1, 6, 300).to(dtype);
        var targets = tensor(new long[] { 1, 2, 3, 4, 5, 299 });

        var loss = LanguageModelLoss.CrossEntropy(logits, targets);

        Assert.Equal(float32, loss.dtype);
        Assert.Equal(LanguageModelLoss.CrossEntropy(logits.to(float64), targets).item<double>(), loss.item<float>(), 1e-5);
    }

    [Theory]
    [InlineData(-1L, "targets: -1 is outside the vocabulary of 5")]
    [InlineData(5L, "targets: 5 is outside the vocabulary of 5")]
    public void Refuses_a_target_outside_the_vocabulary(long target, string message)
    {
        using var scope = NewDisposeScope();

        var refused = Assert.Throws<ArgumentException>(() => LanguageModelLoss.CrossEntropy(zeros(2, 5), tensor(new[] { 0, target })));

        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(2.0, -1.0)]
    [InlineData(1.0, double.NaN)]
    [InlineData(1.0, double.PositiveInfinity)]
    public void Refuses_weights_that_have_no_mean(double first, double second)
    {
        using var scope = NewDisposeScope();

        Assert.Throws<ArgumentException>(() => LanguageModelLoss.CrossEntropy(zeros(2, 5), zeros(2, int64), tensor(new[] { first, second })));
    }
}
