using LST.Core.Losses;
using static TorchSharp.torch;

namespace LST.Core.Tests.Losses;

public class WindowAlignmentTests
{
    // H_q = 6, H_kv = 2, Q = 3, N = 4 windows of W = 3, D = 4.
    private static readonly Tensor Queries = Fixed(1, 6, 3, 4), Keys = Fixed(2, 2, 4, 3, 4), Values = Fixed(3, 2, 4, 3, 4);

    // The second head has an empty window, whose super-tokens are padding throughout.
    private static readonly bool[][][] Real =
    [
        [[true, true, true], [true, true, true], [true, false, true], [false, false, true]],
        [[true, true, true], [true, true, false], [false, false, false], [true, true, true]],
    ];

    private static Tensor Fixed(ulong seed, params long[] shape) => LossTensors.Normal(seed, shape).DetachFromDisposeScope();

    private static Tensor Mask => tensor(Real.SelectMany(h => h).SelectMany(w => w).ToArray(), 2, 4, 3);

    private static (Tensor Keys, Tensor Values, Tensor Bias) Super(int m)
    {
        var bias = LossTensors.Normal(6, 2, 4, m);
        bias[1, 2] = double.NegativeInfinity;
        if (m > 1) bias[0, 1, 0] = double.NegativeInfinity;
        return (LossTensors.Normal(4, 2, 4, m, 4), LossTensors.Normal(5, 2, 4, m, 4), bias);
    }

    public static TheoryData<int, double, AlignmentNormalization, WindowWeighting> Settings
    {
        get
        {
            var data = new TheoryData<int, double, AlignmentNormalization, WindowWeighting>();
            foreach (var m in new[] { 1, 2 })
                foreach (var weight in new[] { 0, 0.3 })
                    foreach (var normalization in Enum.GetValues<AlignmentNormalization>())
                        foreach (var weighting in Enum.GetValues<WindowWeighting>()) data.Add(m, weight, normalization, weighting);
            return data;
        }
    }

    [Fact]
    public void Two_windows_give_the_number_written_out_by_hand()
    {
        using var scope = NewDisposeScope();
        // D = 1, q = 1. Window 1: logits 0, 0 → output (2 + 4)/2 = 3, lse log 2; super 5, lse 0. Window 2: one real token of logit log 6 → output 7, lse log 6; super 6, lse 0.
        var (q, k, v) = (LossTensors.Of([1], 1, 1, 1), LossTensors.Of([0, 0, Math.Log(6), 9], 1, 2, 2, 1), LossTensors.Of([2, 4, 7, 100], 1, 2, 2, 1));
        var (superKeys, superValues) = (zeros([1, 2, 1, 1], float64), LossTensors.Of([5, 6], 1, 2, 1, 1));
        var mask = tensor(new[] { true, true, true, false }, 2, 2);
        double Of(AlignmentSettings settings) => QueryProbingAttentionAlignment.PerWindow(q, k, v, mask, superKeys, superValues, null, settings).item<double>();
        var (first, second) = (Math.Pow(Math.Log(2), 2), Math.Pow(Math.Log(6), 2));

        Assert.Equal((4 + 1) / 2.0, Of(new AlignmentSettings()), 12);
        Assert.Equal((4 + 1) / (9 + 49.0), Of(new AlignmentSettings { Normalization = AlignmentNormalization.Relative }), 12);
        Assert.Equal(2.5 + (first + second) / 2, Of(new AlignmentSettings { LogSumExpWeight = 1 }), 12);
        // Masses 2 and 6: shares ¼ and ¾.
        Assert.Equal(1.75 + (first + 3 * second) / 4, Of(new AlignmentSettings { LogSumExpWeight = 1, Weighting = WindowWeighting.MassWeighted }), 12);
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Equals_naive_loops_with_masks_grouped_heads_and_padding(int m, double logSumExpWeight, AlignmentNormalization normalization, WindowWeighting weighting)
    {
        using var scope = NewDisposeScope();
        var settings = new AlignmentSettings { LogSumExpWeight = logSumExpWeight, Normalization = normalization, Weighting = weighting };
        var (superKeys, superValues, bias) = Super(m);
        var expected = NaiveAlignment.PerWindow(PlainNumbers.Heads(Queries), NaiveAlignment.Nested(Keys), NaiveAlignment.Nested(Values), Real,
            NaiveAlignment.Nested(superKeys), NaiveAlignment.Nested(superValues), PlainNumbers.Heads(bias), settings);

        var wide = QueryProbingAttentionAlignment.PerWindow(Queries, Keys, Values, Mask, superKeys, superValues, bias, settings);
        var narrow = QueryProbingAttentionAlignment.PerWindow(Queries.to(float32), Keys.to(float32), Values.to(float32), Mask, superKeys.to(float32), superValues.to(float32), bias.to(float32), settings);

        Assert.Equal(expected, wide.item<double>(), 1e-12);
        Assert.Equal(float32, narrow.dtype);
        Assert.Equal(expected, narrow.item<float>(), 1e-5);
    }

    [Fact]
    public void One_mask_serves_all_heads()
    {
        using var scope = NewDisposeScope();
        var (superKeys, superValues, _) = Super(2);
        var settings = new AlignmentSettings { LogSumExpWeight = 1, Weighting = WindowWeighting.MassWeighted };
        var shared = Mask[0];

        var one = QueryProbingAttentionAlignment.PerWindow(Queries, Keys, Values, shared, superKeys, superValues, null, settings);
        var each = QueryProbingAttentionAlignment.PerWindow(Queries, Keys, Values, stack([shared, shared]), superKeys, superValues, null, settings);

        Assert.Equal(each.item<double>(), one.item<double>(), 14);
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Gradients_of_keys_values_and_bias_are_those_of_differences(int m, double logSumExpWeight, AlignmentNormalization normalization, WindowWeighting weighting)
    {
        using var scope = NewDisposeScope();
        var settings = new AlignmentSettings { LogSumExpWeight = logSumExpWeight, Normalization = normalization, Weighting = weighting };
        var (superKeys, superValues, bias) = Super(m);

        LossTensors.CheckGradients(x => QueryProbingAttentionAlignment.PerWindow(Queries, Keys, Values, Mask, x[0], x[1], x[2], settings), superKeys, superValues, bias);
    }

    [Theory]
    [InlineData(1, 0.0, false)]
    [InlineData(1, 0.1, true)]
    [InlineData(2, 0.0, true)]
    public void A_lone_super_token_learns_its_key_only_through_the_log_sum_exp(int m, double logSumExpWeight, bool reaches)
    {
        using var scope = NewDisposeScope();
        var (superKeys, superValues, bias) = (LossTensors.Normal(4, 2, 4, m, 4).requires_grad_(), LossTensors.Normal(5, 2, 4, m, 4).requires_grad_(), LossTensors.Normal(6, 2, 4, m).requires_grad_());

        QueryProbingAttentionAlignment.PerWindow(Queries, Keys, Values, ones([4, 3], ScalarType.Bool), superKeys, superValues, bias, new AlignmentSettings { LogSumExpWeight = logSumExpWeight }).backward();

        Assert.All(PlainNumbers.Of(superKeys.grad!.abs().amax([3])), size => Assert.Equal(reaches, size > 1e-12));
        Assert.All(PlainNumbers.Of(bias.grad!.abs()), size => Assert.Equal(reaches, size > 1e-12));
        Assert.All(PlainNumbers.Of(superValues.grad!.abs().amax([3])), size => Assert.True(size > 1e-12));
    }

    [Fact]
    public void What_stands_in_padding_does_not_matter()
    {
        using var scope = NewDisposeScope();
        var (superKeys, superValues, bias) = Super(2);
        var settings = new AlignmentSettings { LogSumExpWeight = 1, Weighting = WindowWeighting.MassWeighted, Normalization = AlignmentNormalization.Relative };
        var padding = Mask.logical_not().unsqueeze(-1);

        var plain = QueryProbingAttentionAlignment.PerWindow(Queries, Keys, Values, Mask, superKeys, superValues, bias, settings);
        var other = QueryProbingAttentionAlignment.PerWindow(Queries, Keys.masked_fill(padding, 30), Values.masked_fill(padding, -50), Mask, superKeys, superValues, bias, settings);

        Assert.Equal(plain.item<double>(), other.item<double>(), 10);
    }

    [Fact]
    public void A_small_error_on_large_values_keeps_its_digits_in_float32()
    {
        using var scope = NewDisposeScope();
        // All values lie near 100 and the windows' outputs are missed by 0.01: without centring, nothing of 1e-4 would survive beside 1e4.
        var values = (zeros(2, 4, 3, 4) + 100).to(float32);
        var superValues = (zeros(2, 4, 1, 4) + 100.01).to(float32);

        var loss = QueryProbingAttentionAlignment.PerWindow(Queries.to(float32), Keys.to(float32), values, ones([4, 3], ScalarType.Bool), zeros(2, 4, 1, 4), superValues, null, new AlignmentSettings());

        Assert.Equal(4e-4, loss.item<float>(), 2e-6);
    }

    [Fact]
    public void Refuses_a_mask_that_is_not_one()
    {
        using var scope = NewDisposeScope();
        var (superKeys, superValues, bias) = Super(1);
        string Refused(Tensor mask) => Assert.Throws<ArgumentException>(() => QueryProbingAttentionAlignment.PerWindow(Queries, Keys, Values, mask, superKeys, superValues, bias, new AlignmentSettings())).Message;

        Assert.StartsWith("windowMask: expected bool, got Float32", Refused(ones(4, 3)), StringComparison.Ordinal);
        Assert.StartsWith("windowMask: expected [N, W] or [H_kv, N, W] = [4, 3], got [3, 4]", Refused(ones([3, 4], ScalarType.Bool)), StringComparison.Ordinal);
    }
}
