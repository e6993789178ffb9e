using LST.Core.Losses;
using static TorchSharp.torch;

namespace LST.Core.Tests.Losses;

public class DiversityTests
{
    private static double Of(DiversityKind kind, Tensor rows, Tensor? dense = null, double sharpness = 1) =>
        Diversity.Of(rows, rows, new DiversitySettings { Kind = kind, Target = DiversityTarget.Keys, Sharpness = sharpness }, dense).item<double>();

    private static Tensor Rows(params double[] numbers) => LossTensors.Of(numbers, 1, numbers.Length / 2, 2);

    [Fact]
    public void Cosine_is_the_mean_square_over_different_rows()
    {
        using var scope = NewDisposeScope();

        Assert.Equal(0, Of(DiversityKind.Cosine, Rows(2, 0, 0, 3)), 12);
        Assert.Equal(1, Of(DiversityKind.Cosine, Rows(2, 0, -5, 0)), 12);
        // Cosines 0, 1/√2, 1/√2 of the three pairs.
        Assert.Equal((0 + 0.5 + 0.5) / 3, Of(DiversityKind.Cosine, Rows(1, 0, 0, 4, 2, 2)), 12);
    }

    [Fact]
    public void Log_determinant_is_the_one_written_out_by_hand()
    {
        using var scope = NewDisposeScope();

        // s = D/N = 1: det of 2I is 4, det of (2 1; 1 2) is 3; with α = 2, (3 2; 2 3) gives 5.
        Assert.Equal(-Math.Log(4) / 2, Of(DiversityKind.LogDeterminant, Rows(2, 0, 0, 3)), 12);
        Assert.Equal(-Math.Log(3) / 2, Of(DiversityKind.LogDeterminant, Rows(2, 0, 5, 0)), 12);
        Assert.Equal(-Math.Log(5) / 2, Of(DiversityKind.LogDeterminant, Rows(2, 0, 5, 0), sharpness: 2), 12);
    }

    [Theory]
    [InlineData(3, 5)]
    [InlineData(5, 3)]
    [InlineData(4, 4)]
    public void Both_sizes_of_the_product_give_the_same(int rows, int width)
    {
        using var scope = NewDisposeScope();
        var x = LossTensors.Normal(1, 2, rows, width);
        var unit = x / x.square().sum(-1, true).sqrt();
        var cosines = matmul(unit, unit.transpose(1, 2));
        var apart = cosines.square() * (1 - eye(rows, dtype: float64));
        var determinant = linalg.det(eye(rows, dtype: float64) + cosines * ((double)width / rows)).log().mean() / -rows;

        Assert.Equal(apart.sum().item<double>() / (2 * rows * (rows - 1)), Of(DiversityKind.Cosine, x), 12);
        Assert.Equal(determinant.item<double>(), Of(DiversityKind.LogDeterminant, x), 12);
    }

    [Fact]
    public void Variance_floor_asks_for_the_spread_of_the_dense_rows_and_for_no_more()
    {
        using var scope = NewDisposeScope();
        // Standard deviations ½ and 4 against 2 and 1 of the dense rows: ¾ and nothing are missing; against 1: ½ and nothing.
        var (rows, dense) = (Rows(3, 0, 4, 8), Rows(1, 0, 5, 2, 1, 0, 5, 2));

        Assert.Equal(0.75 / 2, Of(DiversityKind.VarianceFloor, rows, dense), 12);
        Assert.Equal(0.5 / 2, Of(DiversityKind.VarianceFloor, rows), 12);
        // A channel that does not vary in the dense cache asks for nothing.
        Assert.Equal(0, Of(DiversityKind.VarianceFloor, Rows(3, 0, 4, 8), Rows(7, 1, 7, 2)), 12);
    }

    [Fact]
    public void Heads_are_averaged_and_never_compared()
    {
        using var scope = NewDisposeScope();

        // Head one holds parallel rows, head two orthogonal ones; across heads they would all be alike.
        Assert.Equal(0.5, Of(DiversityKind.Cosine, LossTensors.Of([1, 0, 1, 0, 1, 0, 0, 1], 2, 2, 2)), 12);
    }

    [Theory]
    [InlineData(DiversityTarget.Keys, 1.0)]
    [InlineData(DiversityTarget.Values, 0.0)]
    [InlineData(DiversityTarget.Both, 0.5)]
    public void The_target_says_what_is_kept_apart(DiversityTarget target, double expected)
    {
        using var scope = NewDisposeScope();

        Assert.Equal(expected, Diversity.Of(Rows(1, 0, 1, 0), Rows(1, 0, 0, 1), new DiversitySettings { Target = target }).item<double>(), 12);
    }

    [Theory]
    [InlineData(DiversityKind.Cosine, 0.0)]
    [InlineData(DiversityKind.LogDeterminant, -1.0986122886681098)]     // −log(1 + α·D), D = 2
    [InlineData(DiversityKind.VarianceFloor, 0.0)]
    public void A_lone_row_is_a_constant_that_pulls_at_nothing(DiversityKind kind, double expected)
    {
        using var scope = NewDisposeScope();
        var row = Rows(3, 4).requires_grad_();

        var penalty = Diversity.Of(row, row, new DiversitySettings { Kind = kind });
        penalty.backward();

        Assert.Equal(expected, penalty.item<double>(), 12);
        Assert.InRange(row.grad!.abs().max().item<double>(), 0, 1e-15);
    }

    [Theory]
    [InlineData(DiversityKind.Cosine, 3)]
    [InlineData(DiversityKind.Cosine, 6)]
    [InlineData(DiversityKind.LogDeterminant, 3)]
    [InlineData(DiversityKind.LogDeterminant, 6)]
    [InlineData(DiversityKind.VarianceFloor, 3)]
    public void Gradients_are_those_of_differences(DiversityKind kind, int rows)
    {
        using var scope = NewDisposeScope();
        var (denseKeys, denseValues) = (LossTensors.Normal(3, 2, 9, 4) * 2, LossTensors.Normal(4, 2, 9, 4) * 3);

        LossTensors.CheckGradients(x => Diversity.Of(x[0], x[1], new DiversitySettings { Kind = kind }, denseKeys, denseValues), LossTensors.Normal(1, 2, rows, 4), LossTensors.Normal(2, 2, rows, 4));
    }

    [Theory]
    [InlineData(DiversityKind.Cosine)]
    [InlineData(DiversityKind.LogDeterminant)]
    [InlineData(DiversityKind.VarianceFloor)]
    public void Collapsed_and_zero_rows_stay_finite(DiversityKind kind)
    {
        using var scope = NewDisposeScope();
        foreach (var rows in new[] { zeros(2, 3, 4), ones(2, 3, 4) })
        {
            var leaf = rows.requires_grad_();

            var penalty = Diversity.Of(leaf, leaf, new DiversitySettings { Kind = kind });
            penalty.backward();

            Assert.Equal(float32, penalty.dtype);
            Assert.True(float.IsFinite(penalty.item<float>()));
            Assert.All(PlainNumbers.Of(leaf.grad!), g => Assert.True(double.IsFinite(g)));
        }
    }

    [Fact]
    public void Refuses_what_does_not_fit_in_a_sentence()
    {
        using var scope = NewDisposeScope();
        static string Refused(Action act) => Assert.Throws<ArgumentException>(act).Message;

        Assert.StartsWith("superValues: expected [H, N, D] = [1, 2, 2]", Refused(() => Diversity.Of(zeros(1, 2, 2), zeros(1, 3, 2), new DiversitySettings())), StringComparison.Ordinal);
        Assert.StartsWith("denseKeys: expected [H, T, D] = [1, any, 2]", Refused(() => Diversity.Of(zeros(1, 2, 2), zeros(1, 2, 2), new DiversitySettings(), zeros(1, 2, 3))), StringComparison.Ordinal);
        Assert.StartsWith("settings: expected a finite sharpness above 0", Refused(() => Diversity.Of(zeros(1, 2, 2), zeros(1, 2, 2), new DiversitySettings { Sharpness = 0 })), StringComparison.Ordinal);
    }
}
