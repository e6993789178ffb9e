using LST.Core.Losses;
using static TorchSharp.torch;

namespace LST.Core.Tests.Losses;

/// <summary>The path without a graph of logits against autograd.</summary>
public class LanguageModelEvaluateTests
{
    private sealed record Case(Tensor Hidden, Tensor Head, Tensor Targets, Tensor Dense, Tensor Weights);

    private static Case Draw(int rows, int width, int vocabulary, ScalarType dtype)
    {
        using var generator = new Generator(17);
        var targets = randint(0, vocabulary, [rows], int64, generator: generator);
        var weights = rand([rows], float64, generator: generator);
        weights[0] = 0;
        return new Case(LossTensors.Normal(1, rows, width).to(dtype), LossTensors.Normal(2, vocabulary, width).to(dtype) * 0.5, targets, LossTensors.Normal(3, rows, width).to(dtype), weights);
    }

    // Losses and gradient of the reference, from the same numbers in float64.
    private static (double CrossEntropy, double Divergence, Tensor Gradient) ByAutograd(Case given, double crossEntropyWeight, double divergenceWeight, Tensor? weights)
    {
        var hidden = given.Hidden.to(float64).clone().requires_grad_();
        var head = given.Head.to(float64);
        var logits = nn.functional.linear(hidden, head);
        var crossEntropy = LanguageModelLoss.CrossEntropy(logits, given.Targets, weights);
        var divergence = LanguageModelLoss.DivergenceFromDense(logits, nn.functional.linear(given.Dense.to(float64), head), weights);
        (crossEntropy * crossEntropyWeight + divergence * divergenceWeight).backward();
        return (crossEntropy.item<double>(), divergence.item<double>(), hidden.grad!);
    }

    [Theory]
    [InlineData(ScalarType.Float64, 1.0, 0.0, 1e-12)]
    [InlineData(ScalarType.Float64, 0.0, 1.0, 1e-12)]
    [InlineData(ScalarType.Float64, 0.7, 1.9, 1e-12)]
    [InlineData(ScalarType.Float32, 1.0, 0.0, 2e-5)]
    [InlineData(ScalarType.Float32, 0.0, 1.0, 2e-5)]
    [InlineData(ScalarType.Float32, 0.7, 1.9, 2e-5)]
    public void Losses_and_gradient_are_those_of_autograd(ScalarType dtype, double crossEntropyWeight, double divergenceWeight, double tolerance)
    {
        using var scope = NewDisposeScope();
        var given = Draw(13, 8, 31, dtype);
        foreach (var weights in new[] { null, given.Weights })
        {
            var expected = ByAutograd(given, crossEntropyWeight, divergenceWeight, weights);

            using var found = LanguageModelLoss.Evaluate(given.Hidden, given.Head, given.Targets, given.Dense, crossEntropyWeight, divergenceWeight, weights);

            Assert.Equal(dtype, found.HiddenGradient.dtype);
            Assert.Equal(expected.CrossEntropy, found.CrossEntropy, tolerance);
            Assert.Equal(expected.Divergence, found.Divergence, tolerance);
            Assert.InRange(PlainNumbers.Distance(expected.Gradient, found.HiddenGradient), 0, tolerance);
        }
    }

    [Theory]
    [InlineData(1, 1)]                              // a row at a time
    [InlineData(2 * 4 * 31 * 5, 2 * 4 * 31)]        // blocks of 5, 5, 3 rows in tiles of 2, 2, 1
    [InlineData(1 << 20, 3 * 4 * 31)]               // one block, tiles of 3
    public void Blocks_and_tiles_make_no_difference(long blockBytes, long tileBytes)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var given = Draw(13, 8, 31, ScalarType.Float32);
        var shares = given.Weights.to(float32);
        (Tensor Losses, Tensor Gradient) Run(LogitBlocks blocks)
        {
            var (losses, gradient) = (zeros(2, 13), empty_like(given.Hidden));
            blocks.Run(given.Hidden, given.Dense, given.Targets, shares, losses, gradient);
            return (losses, gradient);
        }
        var whole = Run(new LogitBlocks(given.Head, 0.7, 1.9) { TileBytes = 1 << 20 });

        var parts = Run(new LogitBlocks(given.Head, 0.7, 1.9) { BlockBytes = blockBytes, TileBytes = tileBytes });

        Assert.InRange(PlainNumbers.Distance(whole.Losses, parts.Losses), 0, 1e-5);
        Assert.InRange(PlainNumbers.Distance(whole.Gradient, parts.Gradient), 0, 1e-5);
    }

    [Fact]
    public void Half_types_come_close_to_float64()
    {
        using var scope = NewDisposeScope();
        var given = Draw(13, 8, 31, ScalarType.BFloat16);
        var expected = ByAutograd(given, 1, 1, null);

        using var found = LanguageModelLoss.Evaluate(given.Hidden, given.Head, given.Targets, given.Dense, 1, 1);

        // Logits of size 5 carry 8 bits: half a unit in the last place is 2⁻⁷.
        Assert.Equal(ScalarType.BFloat16, found.HiddenGradient.dtype);
        Assert.Equal(expected.CrossEntropy, found.CrossEntropy, 0.05);
        Assert.Equal(expected.Divergence, found.Divergence, 0.1);
        var cosine = nn.functional.cosine_similarity(expected.Gradient.reshape(-1), found.HiddenGradient.to(float64).reshape(-1), 0).item<double>();
        Assert.InRange(cosine, 0.999, 1.0001);
    }

    [Fact]
    public void Without_dense_states_the_divergence_is_zero_and_the_rest_the_same()
    {
        using var scope = NewDisposeScope();
        var given = Draw(5, 4, 9, ScalarType.Float64);

        using var with = LanguageModelLoss.Evaluate(given.Hidden, given.Head, given.Targets, given.Dense, 2, 0);
        using var without = LanguageModelLoss.Evaluate(given.Hidden, given.Head, given.Targets, null, 2, 0);

        Assert.Equal(0, without.Divergence);
        Assert.True(with.Divergence > 0);
        Assert.Equal(with.CrossEntropy, without.CrossEntropy, 12);
        Assert.InRange(PlainNumbers.Distance(with.HiddenGradient, without.HiddenGradient), 0, 1e-12);
    }

    [Fact]
    public void A_model_that_equals_its_dense_self_diverges_by_nothing_and_is_not_pulled()
    {
        using var scope = NewDisposeScope();
        var given = Draw(5, 4, 9, ScalarType.Float32);

        using var found = LanguageModelLoss.Evaluate(given.Hidden, given.Head, given.Targets, given.Hidden, 0, 1);

        Assert.Equal(0, found.Divergence);
        Assert.Equal(0, found.HiddenGradient.abs().max().item<float>());
    }

    [Fact]
    public void Handed_to_backward_the_gradient_reaches_what_made_the_hidden_states()
    {
        using var scope = NewDisposeScope();
        var given = Draw(5, 4, 9, ScalarType.Float64);
        var (byGraph, byHand) = (zeros(4, float64).requires_grad_(), zeros(4, float64).requires_grad_());

        LanguageModelLoss.CrossEntropy(nn.functional.linear(given.Hidden + byGraph, given.Head), given.Targets).backward();
        var hidden = given.Hidden + byHand;
        using (var found = LanguageModelLoss.Evaluate(hidden, given.Head, given.Targets, null, 1, 0)) hidden.backward([found.HiddenGradient]);

        Assert.InRange(PlainNumbers.Distance(byGraph.grad!, byHand.grad!), 0, 1e-12);
    }

    [Fact]
    public void Refuses_what_does_not_fit_in_a_sentence()
    {
        using var scope = NewDisposeScope();
        var (hidden, head, targets) = (zeros(3, 4), zeros(7, 4), zeros(3, int64));
        static string Refused(Action act) => Assert.Throws<ArgumentException>(act).Message;

        Assert.StartsWith("denseHidden: a divergence of weight 1 needs it", Refused(() => LanguageModelLoss.Evaluate(hidden, head, targets, null, 1, 1)), StringComparison.Ordinal);
        Assert.StartsWith("head: expected [V, M] = [any, 4], got [7, 5]", Refused(() => LanguageModelLoss.Evaluate(hidden, zeros(7, 5), targets, null, 1, 0)), StringComparison.Ordinal);
        Assert.StartsWith("head: expected the dtype of hidden", Refused(() => LanguageModelLoss.Evaluate(hidden, head.to(float64), targets, null, 1, 0)), StringComparison.Ordinal);
        Assert.StartsWith("targets: 7 is outside", Refused(() => LanguageModelLoss.Evaluate(hidden, head, targets + 7, null, 1, 0)), StringComparison.Ordinal);
        Assert.StartsWith("crossEntropyWeight: expected a finite weight", Refused(() => LanguageModelLoss.Evaluate(hidden, head, targets, null, -1, 0)), StringComparison.Ordinal);
        Assert.StartsWith("hidden: expected at least one row", Refused(() => LanguageModelLoss.Evaluate(zeros(0, 4), head, zeros(0, int64), null, 1, 0)), StringComparison.Ordinal);
    }
}
