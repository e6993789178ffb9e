using CsCheck;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Tests.Benchmarks.Items;

public class ItemStatisticsTests
{
    private static readonly ItemRow Dense = new("dense", 1), Snap = new("snapkv", 2), Mean = new("mean", 4);

    private static readonly Gen<(double[] Dense, double[] Snap)> Pairs =
        from count in Gen.Int[2, 30]
        from dense in Gen.Int[0, 1].Select(score => (double)score).Array[count]
        from snap in Gen.Int[0, 1].Select(score => (double)score).Array[count]
        select (dense, snap);

    [Fact]
    public void A_row_of_right_and_wrong_has_Wilsons_interval()
    {
        var summary = Of([1, 0, 1, 1]).Summary("recall", Dense);

        Assert.Equal((4, 0.75, StandardErrors.Wilson(3, 4)), (summary.Items, summary.Mean.Mean, summary.Interval));
        Assert.Equal(0.25, summary.Mean.StandardError!.Value, 1e-12);
    }

    [Fact]
    public void Other_scores_have_the_interval_of_the_bootstrap()
    {
        double[] scores = [0.2, 0.9, 0.5, 0.5, 1];

        Assert.Equal(new PairedBootstrap(5).Mean(scores), Of(scores).Summary("recall", Dense).Interval);
    }

    [Fact]
    public void The_ratio_is_pooled_and_not_averaged()
    {
        var lines = new[] { ExampleLines.Line(0, Snap) with { KvEntriesFull = 100, KvEntriesKept = 100 }, ExampleLines.Line(1, Snap) with { KvEntriesFull = 300, KvEntriesKept = 100 } };

        var summary = new ItemStatistics(lines).Summary("recall", Snap);
        // Two contexts an item halve the mean of a context.
        Assert.Equal(summary.MeanTokens / 2, new ItemStatistics(lines.Select(line => line with { Contexts = 2 })).Summary("recall", Snap).MeanTokens);

        Assert.Equal((2, 0.5, 500.5, true), (summary.RatioEffective, summary.CompressedShare, summary.MeanTokens, summary.IsCompressed));
    }

    [Theory]
    [InlineData(1049, false)]
    [InlineData(1050, true)]
    public void Below_a_pooled_ratio_of_1_05_a_row_is_not_compressed(long full, bool isCompressed) =>
        Assert.Equal(isCompressed, new ItemStatistics([ExampleLines.Line(0, Snap) with { KvEntriesFull = full, KvEntriesKept = 1000 }]).Summary("recall", Snap).IsCompressed);

    [Fact]
    public void Rows_are_compared_on_the_same_items_with_exact_p_values() => Pairs.Sample(pair =>
    {
        var comparison = Of(pair.Dense, pair.Snap).Against("recall", Dense).Single();
        var expected = PairedComparison.Of(pair.Snap, pair.Dense);

        Assert.Equal((Snap, Dense, expected, expected.McNemarP), (comparison.Row, comparison.Reference, comparison.Paired, comparison.HolmP));
        Assert.Equal(expected.MeanDifference, comparison.Difference.Value, 1e-12);
        Assert.InRange(comparison.Difference.Value, comparison.Difference.Low - 1e-12, comparison.Difference.High + 1e-12);
    }, iter: 10);

    [Fact]
    public void The_order_of_lines_changes_no_digit() => Gen.Select(Pairs, Gen.Int).Sample((pair, seed) =>
    {
        var lines = Lines(pair.Dense, pair.Snap).ToArray();
        var first = new ItemStatistics(lines, replicates: 200);
        new System.Random(seed).Shuffle(lines);
        var second = new ItemStatistics(lines, replicates: 200);

        Assert.Equal(first.Summary("recall", Snap), second.Summary("recall", Snap));
        Assert.Equal(first.Against("recall", Dense), second.Against("recall", Dense));
    }, iter: 30);

    [Fact]
    public void Another_seed_draws_other_items_and_the_same_seed_the_same()
    {
        double[] scores = [0.2, 0.9, 0.5, 0.4, 1, 0.7];
        Estimate Interval(long seed) => new ItemStatistics(Lines(scores), seed: seed).Summary("recall", Dense).Interval;

        Assert.Equal(Interval(3), Interval(3));
        Assert.NotEqual(Interval(3), Interval(4));
    }

    [Fact]
    public void P_values_are_adjusted_for_the_number_of_rows()
    {
        double[] dense = [1, 1, 1, 1, 1, 1, 1, 1], none = [0, 0, 0, 0, 0, 0, 0, 0], half = [1, 1, 0, 0, 0, 1, 1, 1];
        var statistics = new ItemStatistics(Lines(dense, half).Concat(none.Select((score, i) => ExampleLines.Line(i, Mean, score: score))));

        var rows = statistics.Against("recall", Dense);

        // Exact: 2 / 2^8 and 2 / 2^3; the smaller one counts twice.
        Assert.Equal([(Snap, 0.25, 0.25), (Mean, 2 / 256.0, 4 / 256.0)], rows.Select(row => (row.Row, Math.Round(row.Paired.McNemarP, 12), Math.Round(row.HolmP, 12))));
    }

    [Fact]
    public void Averages_weigh_tasks_alike()
    {
        var lines = Lines([1, 1, 1, 0], [0, 1, 1, 0]).Concat(new[] { 0.0, 1 }.SelectMany((score, i) => new[] { ExampleLines.Line(i, Dense, "b", 0.5), ExampleLines.Line(i, Snap, "b", score) }));
        var statistics = new ItemStatistics(lines);

        Assert.Equal(["b", "recall"], statistics.Tasks);
        Assert.Equal((0.75 + 0.5) / 2, statistics.Average(["recall", "b"], Dense).Value, 1e-12);
        Assert.Equal(StratifiedBootstrap.AverageOfMeans([[1, 1, 1, 0], [0.5, 0.5]]), statistics.Average(["recall", "b"], Dense));
    }

    [Fact]
    public void Another_metric_is_taken_by_its_name()
    {
        var line = ExampleLines.Line(0, Dense) with { Scores = new Dictionary<string, double> { ["acc_norm"] = 1, ["acc"] = 0 }, Score = 0 };

        Assert.Equal(1, new ItemStatistics([line], "acc_norm").Summary("recall", Dense).Mean.Mean);
        Assert.Contains("acc_norm, acc", Assert.Throws<DataException>(() => new ItemStatistics([line], "f1").Summary("recall", Dense)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_are_compared_on_the_items_that_both_have()
    {
        // Of dense the items 0 to 3, of the other row 0 and 1.
        var comparison = new ItemStatistics(Lines([1, 0, 0, 0], [1, 1])).Against("recall", Dense).Single();

        Assert.Equal((0.5, 2, 1, 0), (comparison.Difference.Value, comparison.Difference.Units, comparison.Paired.AOnly, comparison.Paired.BOnly));
    }

    [Fact]
    public void Rows_without_a_common_item_are_not_compared()
    {
        var statistics = new ItemStatistics([ExampleLines.Line(0, Dense), ExampleLines.Line(1, Snap)]);

        Assert.Contains("none of their 1 and 1 items", Assert.Throws<DataException>(() => statistics.Against("recall", Dense)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_names_list_the_known_ones_and_doubled_lines_are_refused()
    {
        var statistics = Of([1, 0]);

        Assert.Contains("with lines: recall", Assert.Throws<UsageException>(() => statistics.Rows("x")).Message, StringComparison.Ordinal);
        Assert.Contains("with lines: dense at 1:1", Assert.Throws<UsageException>(() => statistics.Summary("recall", Snap)).Message, StringComparison.Ordinal);
        Assert.Contains("twice", Assert.Throws<DataException>(() => new ItemStatistics(Lines([1]).Concat(Lines([0])))).Message, StringComparison.Ordinal);
    }

    private static ItemStatistics Of(double[] dense, double[]? snap = null) => new(Lines(dense, snap));

    private static IEnumerable<ItemLine> Lines(double[] dense, double[]? snap = null) =>
        dense.Select((score, i) => ExampleLines.Line(i, Dense, score: score)).Concat((snap ?? []).Select((score, i) => ExampleLines.Line(i, Snap, score: score)));
}
