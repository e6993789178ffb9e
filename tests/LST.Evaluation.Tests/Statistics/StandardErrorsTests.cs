using CsCheck;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Tests.Statistics;

public class StandardErrorsTests
{
    [Fact]
    public void Mean_and_standard_error_repeat_the_goldens()
    {
        foreach (var (id, inputs, expected) in MetricGoldens.Of("mean_stderr"))
        {
            var (mean, error) = StandardErrors.Mean(inputs.GetProperty("values").Numbers());

            Near(id, expected.GetProperty("mean").GetDouble(), mean);
            Near(id, expected.GetProperty("stderr").GetDouble(), error!.Value);
        }
    }

    [Fact]
    public void Pooled_standard_errors_repeat_the_goldens()
    {
        foreach (var (id, inputs, expected) in MetricGoldens.Of("pooled_stderr"))
            Near(id, expected.GetDouble(), StandardErrors.Pooled(inputs.GetProperty("stderrs").Numbers(), [.. inputs.GetProperty("sizes").Numbers().Select(n => (int)n)]));
    }

    [Fact]
    public void Paired_comparisons_repeat_the_goldens()
    {
        foreach (var (id, inputs, expected) in MetricGoldens.Of("paired_compare"))
        {
            var pair = PairedComparison.Of(inputs.GetProperty("a").Numbers(), inputs.GetProperty("b").Numbers());

            Near(id, expected.GetProperty("mean_diff").GetDouble(), pair.MeanDifference);
            Near(id, expected.GetProperty("stderr_diff").GetDouble(), pair.StandardError!.Value);
            Near(id, expected.GetProperty("mcnemar_exact_p").GetDouble(), pair.McNemarP);
            Assert.Equal((expected.GetProperty("a_only").GetInt32(), expected.GetProperty("b_only").GetInt32()), (pair.AOnly, pair.BOnly));
        }
    }

    // Exact binomial: 2 (C(10,0) + C(10,1)) / 1024.
    [Fact]
    public void McNemars_p_is_the_exact_binomial_tail()
    {
        double[] a = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1], b = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];

        Assert.Equal(22.0 / 1024, PairedComparison.Of(a, b).McNemarP, 1e-12);
    }

    [Fact]
    public void McNemars_p_survives_ten_thousand_items()
    {
        double[] a = [.. Enumerable.Repeat(1.0, 5_100), .. Enumerable.Repeat(0.0, 4_900)];

        Assert.InRange(PairedComparison.Of(a, [.. a.Select(x => 1 - x)]).McNemarP, 0.0459, 0.0469); // normal approximation with continuity: 0.0466
    }

    // Wilson 1927: at n = 10 with 0, 1 and 5 successes; the first is z² / (n + z²).
    [Theory]
    [InlineData(0, 10, 0, 0.277540)]
    [InlineData(1, 10, 0.017875, 0.404155)]
    [InlineData(5, 10, 0.236590, 0.763410)]
    [InlineData(10, 10, 0.722460, 1)]
    public void Wilsons_interval_is_exact_at_the_ends_and_symmetric(int successes, int trials, double low, double high)
    {
        var share = StandardErrors.Wilson(successes, trials);

        Assert.Equal(low, share.Low, 5e-6);
        Assert.Equal(high, share.High, 5e-6);
    }

    // The half-widths that the specification lists for p = 0.5.
    [Theory]
    [InlineData(200, 6.9)]
    [InlineData(500, 4.4)]
    [InlineData(1_172, 2.9)]
    [InlineData(1_838, 2.3)]
    [InlineData(10_042, 1.0)]
    public void Half_widths_at_one_half_are_the_listed_ones(int items, double points)
    {
        var error = StandardErrors.Mean([.. Enumerable.Range(0, items).Select(i => (double)(i % 2))]).StandardError!.Value;

        Assert.Equal(points, 100 * StandardErrors.Normal95 * error, 0.06);
    }

    [Fact]
    public void Holm_adjusts_in_the_order_given() => Assert.Equal([0.03, 0.06, 0.06], PairedComparison.Holm([0.01, 0.04, 0.03]).Select(p => Math.Round(p, 12)));

    [Fact]
    public void A_single_value_has_no_standard_error() => Assert.Null(StandardErrors.Mean([0.5]).StandardError);

    private static void Near(string id, double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= MetricGoldens.Tolerance, $"{id}: expected {expected}, got {actual}");

    [Fact]
    public void Wilsons_interval_contains_the_share_and_stays_inside_0_and_1() => Gen.Select(Gen.Int[1, 5_000], Gen.Double[0, 1]).Sample((trials, part) =>
    {
        var share = StandardErrors.Wilson((int)(part * trials), trials);
        return share.Low >= 0 && share.Low <= share.Value && share.Value <= share.High && share.High <= 1;
    });

    [Fact]
    public void Holms_values_keep_the_order_and_are_no_smaller() => Gen.Double[0, 1].Array[1, 12].Sample(values =>
    {
        var adjusted = PairedComparison.Holm(values);
        var order = Enumerable.Range(0, values.Length).OrderBy(i => values[i]).ToArray();
        return order.Zip(order.Skip(1)).All(pair => adjusted[pair.First] <= adjusted[pair.Second]) && adjusted.Zip(values).All(pair => pair.First >= pair.Second && pair.First <= 1)
            && adjusted[order[0]] == Math.Min(1, values[order[0]] * values.Length);
    });
}
