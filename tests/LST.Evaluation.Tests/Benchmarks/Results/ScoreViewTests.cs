using CsCheck;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Reports;
using LST.Evaluation.Statistics;
using LST.Evaluation.Tests.Benchmarks.Items;
using static LST.Evaluation.Tests.Benchmarks.Results.BenchmarkExamples;

namespace LST.Evaluation.Tests.Benchmarks.Results;

public class ScoreViewTests
{
    private static BenchmarkTable Table(params BenchmarkRecord[] records) => BenchmarkTable.Join(records).Single();

    private static BenchmarkTable TwoTasks() => Table(Record(
    [
        .. Lines(Dense, "a", 512, 1, 1, 1, 1), .. Lines(Dense, "a", 1024, 1, 0), .. Lines(Dense, "b", 512, 1, 0.5),
        .. Lines(Snap, "a", 512, 1, 0, 1, 0), .. Lines(Snap, "a", 1024, 1, 0), .. Lines(Snap, "b", 512, 0, 0.5),
    ]));

    [Fact]
    public void A_column_pools_its_items_and_the_average_weighs_tasks_alike()
    {
        var view = new ScoreView(TwoTasks());

        Assert.Equal(["a", "b"], view.Columns);
        Assert.Equal(StandardErrors.Wilson(3, 6), view.Score(Snap, "a"));
        Assert.Equal(0.25, view.Score(Snap, "b")!.Value.Value, 1e-12);
        Assert.Equal(StratifiedBootstrap.AverageOfMeans([[1, 0, 1, 0, 1, 0], [0, 0.5]]), view.Score(Snap));
        Assert.Equal(StratifiedBootstrap.AverageOfMeans([[0, -1, 0, -1, 0, 0], [-1, 0]]), view.Difference(Snap));
        Assert.Equal((8, 6), (view.Items(Snap), view.Items(Snap, "a")));
    }

    [Fact]
    public void By_length_a_column_is_the_average_of_its_tasks()
    {
        var view = new ScoreView(TwoTasks(), ScoreView.ByLength);

        Assert.Equal(["512", "1024"], view.Columns);
        Assert.Equal(0.5 * (0.5 + 0.25), view.Score(Snap, "512")!.Value.Value, 1e-12);
        Assert.Equal(0.5, view.Score(Snap, "1024")!.Value.Value, 1e-12);
    }

    [Fact]
    public void By_a_label_items_are_chosen_one_by_one()
    {
        ItemLine With(int i, ItemRow row, double score) => Line(i, row, score) with { Further = new Dictionary<string, object> { ["keys"] = i % 2 == 0 ? 1 : 8 } };
        var view = new ScoreView(Table(Record([With(0, Dense, 1), With(1, Dense, 1), With(2, Dense, 0), With(0, Snap, 1), With(1, Snap, 0), With(2, Snap, 0)])), "keys");

        Assert.Equal(["1", "8"], view.Columns);
        Assert.Equal((StandardErrors.Wilson(1, 2), StandardErrors.Wilson(0, 1)), (view.Score(Snap, "1")!.Value, view.Score(Snap, "8")!.Value));
    }

    [Fact]
    public void Rows_of_fewer_items_are_compared_on_those()
    {
        var many = Record([.. Lines(Dense, "a", 512, 1, 1, 0, 0), .. Lines(Snap, "a", 512, 1, 1, 0, 0)]);
        var few = Record([.. Lines(Dense, "a", 512, 1, 1), .. Lines(H2O, "a", 512, 1, 0)], "2026-01-02T00:00:00Z");
        var view = new ScoreView(Table(many, few));

        // Dense has its row of four items, though that of two is newer.
        Assert.Equal((4, 4, 2), (view.Items(Dense), view.Items(Snap), view.Items(H2O)));
        Assert.Equal((-0.5, 2), (view.Difference(H2O)!.Value.Value, view.Difference(H2O)!.Value.Units));
    }

    [Fact]
    public void The_newest_of_equal_rows_counts()
    {
        var view = new ScoreView(Table(Record(Lines(Dense, "a", 512, 0, 0), "2026-01-02T00:00:00Z"), Record(Lines(Dense, "a", 512, 1, 1), "2026-01-01T00:00:00Z")));

        Assert.Equal(0, view.Score(Dense)!.Value.Value);
    }

    [Fact]
    public void P_values_are_adjusted_over_all_rows() => Gen.Int[0, 1].Select(score => (double)score).Array[8].Array[3].Sample(scores =>
    {
        var view = new ScoreView(Table(Record([.. Lines(Dense, "a", 512, scores[0]), .. Lines(Snap, "a", 512, scores[1]), .. Lines(H2O, "a", 512, scores[2])])));
        var expected = PairedComparison.Holm([PairedComparison.Of(scores[1], scores[0]).McNemarP, PairedComparison.Of(scores[2], scores[0]).McNemarP]);

        var p = view.AdjustedP([Dense, Snap, H2O]);

        Assert.Equal((2, expected[0], expected[1]), (p.Count, p[Snap], p[H2O]));
    }, iter: 20);

    [Fact]
    public void Ratios_and_bytes_are_pooled()
    {
        var view = new ScoreView(TwoTasks());
        long[] full = [1000, 1001, 1002, 1003, 1000, 1001, 1000, 1001];

        Assert.Equal(full.Sum() / (double)full.Sum(entries => entries / 2), view.RatioEffective(Snap), 1e-12);
        var tokens = full.Sum(entries => entries - 500);
        Assert.Equal(full.Sum(entries => 512.0 * (entries / 2)) / tokens, view.BytesPerToken(Snap), 0.01);
    }

    [Fact]
    public void Records_that_do_not_belong_together_are_refused()
    {
        var first = Record(Lines(Dense, "a", 512, 1));

        Assert.Contains("'haystack' differs", Assert.Throws<DataException>(() => Table(first, Record(Lines(Dense, "a", 512, 1), data: "b"))).Message, StringComparison.Ordinal);
        Assert.Equal(2, BenchmarkTable.Join([first, Record(Lines(Dense, "a", 512, 1), settings: new() { ["variant"] = "reference" })]).Count);
        var other = Record(Lines(Dense, "a", 512, 1));
        other.Methods["dense"]["sinks"] = 5;
        Assert.Contains("other options", Assert.Throws<DataException>(() => Table(first, other)).Message, StringComparison.Ordinal);
        Assert.Contains("known: task, length", Assert.Throws<UsageException>(() => new ScoreView(Table(first), "depth")).Message, StringComparison.Ordinal);
        Assert.Equal(2, BenchmarkTable.Join([first, Record(Lines(Dense, "repeats", 512, 2), headline: "nll", smallerIsBetter: true)]).Count);
        Assert.Contains("known: score", Assert.Throws<UsageException>(() => new ScoreView(Table(first), metric: "f1")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_Markdown_table_goes_from_best_to_worst_with_intervals()
    {
        var text = BenchmarkMarkdown.Of(new ScoreView(Table(Record(
        [
            .. Lines(Dense, "a", 512, 1, 1, 1, 1), .. Lines(new ItemRow("h2o", 2), "a", 512, 0, 0, 0, 0), .. Lines(Snap, "a", 512, 1, 1, 1, 0),
        ]))));

        Assert.Equal("""
            | method | r | r real | items | a | − dense | p (Holm) |
            |---|---:|---:|---:|---|---|---|
            | dense | 1 | 1.00 | 4 | 100.0 (51.0 – 100.0) |  |  |
            | snapkv | 2 | 2.00 | 4 | 75.0 (30.1 – 95.4) | −25.0 (−75.0 – 0.0) | 1.000 |
            | h2o | 2 | 2.00 | 4 | 0.0 (0.0 – 49.0) | −100.0 | 0.250 |

            """, text, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public void By_ratio_a_method_is_one_row_and_those_without_a_ratio_come_last()
    {
        ItemRow Row(string method, double ratio) => new(method, ratio);
        var view = new ScoreView(Table(Record(
        [
            .. Lines(Dense, "a", 512, 1, 1, 1, 1), .. Lines(Row("h2o", 2), "a", 512, 0, 0, 0, 0), .. Lines(Row("h2o", 4), "a", 512, 1, 0, 0, 0), .. Lines(Row("lst", 2), "a", 512, 1, 1, 1, 1),
            .. Lines(Snap, "a", 512, 1, 1, 1, 0), .. Lines(Row("snapkv", 4), "a", 512, 1, 1, 0, 0).Select(line => line with { KvEntriesKept = line.KvEntriesFull }),
        ])));

        Assert.Equal("""
            | method | 2:1 | 4:1 |
            |---|---|---|
            | dense | 100.0 (51.0 – 100.0) | 100.0 (51.0 – 100.0) |
            | snapkv | 75.0 (30.1 – 95.4) | 50.0 not compressed |
            | h2o | 0.0 (0.0 – 49.0) | 25.0 (4.6 – 69.9) |
            | lst | 100.0 (51.0 – 100.0) | – |

            """, BenchmarkMarkdown.ByRatio(view), ignoreLineEndingDifferences: true);
        Assert.Equal(["dense", "lst"], BenchmarkMarkdown.ByRatio(view, ["lst"]).Split('\n')[2..^1].Select(line => line.Split(' ')[1]));
        Assert.Contains("no compressed row", Assert.Throws<UsageException>(() => BenchmarkMarkdown.ByRatio(new ScoreView(Table(Record(Lines(Dense, "a", 512, 1)))))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_with_examples_stand_apart_and_say_so()
    {
        var none = Record(Lines(Dense, "a", null, 1, 1), settings: []);
        var five = Record(Lines(Dense, "a", null, 1, 0), settings: new System.Text.Json.Nodes.JsonObject { ["shots"] = 5 });

        Assert.Equal(["ruler, lst-ref, query-agnostic", "ruler, lst-ref, query-agnostic, 5-shot"], BenchmarkTable.Join([none, five]).Select(table => table.Records[0].Title).Order());
        Assert.StartsWith("## ruler, lst-ref, query-agnostic, 5-shot\n", BenchmarkMarkdown.Head(Table(five)), StringComparison.Ordinal);
        Assert.Equal("ruler-lst-ref-5shot", five.ReadableName());
    }

    [Fact]
    public void A_score_that_is_not_the_usual_one_is_named_and_contexts_have_their_length()
    {
        var lines = Lines(Dense, "hellaswag", null, 1, 1).Concat(Lines(Snap, "hellaswag", null, 1, 0));
        var cells = new BenchmarkCells().Of([.. lines], "acc_norm", contextsOf: _ => 2);
        var view = new ScoreView(Table(Record(lines) with { Cells = cells }));

        Assert.StartsWith("| method | r | r real | items | hellaswag (acc_norm) | − dense |", BenchmarkMarkdown.Of(view), StringComparison.Ordinal);
        Assert.Equal(2, cells.Single().ContextsPerItem);
        // Invented items have 500 and 501 tokens.
        Assert.Equal("| *tokens a context* | | 250.3 | 250.3 |", BenchmarkMarkdown.Ratios(view).Split('\n')[2]);
    }

    [Fact]
    public void Losses_are_no_shares_and_the_smallest_is_first()
    {
        var view = new ScoreView(Table(Record([.. Lines(Dense, "repeats", 512, 1.5, 2.5), .. Lines(Snap, "repeats", 512, 3, 3), .. Lines(new ItemRow("h2o", 2), "repeats", 512, 2, 3)], headline: "nll", smallerIsBetter: true)));

        var lines = BenchmarkMarkdown.Of(view).Split('\n');

        Assert.StartsWith("| dense | 1 | 1.00 | 2 | 2.000 (", lines[2], StringComparison.Ordinal);
        Assert.Equal(["h2o", "snapkv"], lines[3..5].Select(line => line.Split(' ')[1]));
    }

    [Fact]
    public void What_was_not_compressed_says_so()
    {
        var record = Record([.. Lines(Dense, "a", null, 1, 1), .. Lines(Snap, "a", null, 1, 1).Select(line => line with { KvEntriesKept = line.KvEntriesFull })]);

        Assert.Contains("| snapkv | 2 | not compressed | 2 | 100.0 not compressed |  |  |\n", BenchmarkMarkdown.Of(new ScoreView(Table(record))), StringComparison.Ordinal);
        Assert.Contains("| snapkv | 2 | 1.00 (0 %) | 1.00 (0 %) |", BenchmarkMarkdown.Ratios(new ScoreView(Table(record))), StringComparison.Ordinal);
    }

    [Fact]
    public void Behind_a_ratio_stands_the_share_of_items_that_were_compressed()
    {
        var record = Record([.. Lines(Dense, "a", null, 1, 1, 1), .. Lines(Snap, "a", null, 1, 1, 1).Select(line => line.ItemIndex == 0 ? line with { KvEntriesKept = line.KvEntriesFull } : line)]);
        var view = new ScoreView(Table(record));

        Assert.Equal((2, 3), view.CompressedItems(Snap, "a"));
        Assert.Contains(" (66 %) |", BenchmarkMarkdown.Ratios(view).Split('\n')[^2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_claim_of_no_loss_needs_the_whole_interval()
    {
        double[] dense = [.. Enumerable.Range(0, 400).Select(i => i % 2 == 0 ? 1.0 : 0)], worse = [.. dense.Select((score, i) => i < 20 ? 0 : score)];
        ScoreView Of(double[] scores, double[] reference) => new(Table(Record([.. Lines(Dense, "a", 512, reference), .. Lines(Snap, "a", 512, scores)])));
        var (lost, same) = (Of(worse, dense), Of(dense, dense));

        // 10 of 400 are lost: 2.5 points, at most about 4.
        var low = lost.Difference(Snap)!.Value.Low;
        Assert.Equal(true, lost.LosesLessThan(Snap, -low + 1e-9));
        Assert.Null(lost.LosesLessThan(Snap, -low));
        Assert.Equal(false, lost.LosesLessThan(Snap, -lost.Difference(Snap)!.Value.High - 1e-9));
        // None of 400 differs: less than 1 − 0.025^(1/400), which is 0.92 points; one that does makes no smaller claim.
        var one = Of([0, .. dense[1..]], dense);
        Assert.Null(one.LosesLessThan(Snap, 0.0091));
        Assert.Equal(true, one.LosesLessThan(Snap, 0.012));
        Assert.Equal(true, same.LosesLessThan(Snap, 0.0093));
        Assert.Null(same.LosesLessThan(Snap, 0.0091));
        Assert.Null(Of(dense[..19], dense[..19]).LosesLessThan(Snap, 0.5));
        var lines = BenchmarkMarkdown.Of(lost, margin: 5).Split('\n');
        Assert.EndsWith("| p (Holm) | loses < 5 points |", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("|  |", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("| yes |", lines[3], StringComparison.Ordinal);
        Assert.EndsWith("| open |", BenchmarkMarkdown.Of(lost, margin: 2).Split('\n')[3], StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_smaller_is_better_and_its_margin_is_in_its_own_unit()
    {
        ScoreView Of(Func<int, double> loss) => new(Table(Record([.. Lines(Dense, "repeats", 512, [.. Enumerable.Range(0, 30).Select(i => 2 + (i % 3))]), .. Lines(Snap, "repeats", 512, [.. Enumerable.Range(0, 30).Select(i => 2 + (i % 3) + loss(i))])], headline: "nll", smallerIsBetter: true)));

        Assert.Equal(true, Of(i => i % 2 * 0.2).LosesLessThan(Snap, 0.2));
        Assert.Null(Of(i => i % 2 * 0.4).LosesLessThan(Snap, 0.2));
        Assert.Equal(false, Of(i => 0.4 + (i % 2 * 0.4)).LosesLessThan(Snap, 0.2));
        Assert.Equal(true, Of(i => -0.1 - (i % 2 * 0.1)).LosesLessThan(Snap, 0.01));
    }

    [Fact]
    public void Needles_are_counted_by_depth_and_length()
    {
        ItemLine At(int i, double depth, int length, double score) => Line(i, Dense, score, "niah_single_1", length) with { Depth = depth };
        var table = Table(Record([At(0, 3, 512, 1), At(1, 18, 512, 0), At(2, 99.5, 512, 1), At(3, 100, 1024, 1)]));

        var (each, bands) = (NeedleGrids.Of(table, Dense), NeedleGrids.Of(table, Dense, 5));

        Assert.Equal([0.03, 0.18, 0.995, 1], each.Depths.Select(depth => Math.Round(depth, 9)));
        Assert.Equal([512, 1024], each.Lengths);
        Assert.Equal("lst-ref, dense", bands.Source);
        Assert.Equal([0.1, 0.9], bands.Depths.Select(depth => Math.Round(depth, 9)));
        Assert.Equal([0.5, double.NaN, 1, 1], bands.Score.SelectMany(row => row));
        Assert.Equal([2, 0, 1, 1], bands.Count.SelectMany(row => row));
        Assert.Contains("eval niah", Assert.Throws<UsageException>(() => NeedleGrids.Of(Table(Record(Lines(Dense, "a", 512, 1))), Dense)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_without_a_column_has_no_average_and_stands_last()
    {
        var record = Record([.. Lines(Dense, "a", null, 1, 0), .. Lines(Dense, "b", null, 1, 0), .. Lines(Snap, "a", null, 0, 0), .. Lines(Snap, "b", null, 0, 0)]);
        var only = Record([.. Lines(Dense, "a", null, 1, 0), .. Lines(new ItemRow("h2o", 2), "a", null, 1, 1)], "2026-01-02T00:00:00Z");

        var lines = BenchmarkMarkdown.Of(new ScoreView(Table(record, only))).Split('\n');

        Assert.StartsWith("| snapkv | 2 |", lines[3], StringComparison.Ordinal);
        Assert.Equal("| h2o | 2 | 2.00 | 2 | 100.0 (34.2 – 100.0) | – | – |  |  |", lines[4]);
    }

    [Fact]
    public void Choosing_rows_does_not_change_their_p_values()
    {
        var view = new ScoreView(Table(Record([.. Lines(Dense, "a", 512, 1, 1, 1, 1, 1, 1), .. Lines(Snap, "a", 512, 0, 0, 0, 0, 0, 0), .. Lines(H2O, "a", 512, 0, 0, 0, 0, 0, 0)])));

        string Of(IReadOnlyCollection<string>? among) => BenchmarkMarkdown.Of(view, among).Split('\n').Single(line => line.StartsWith("| snapkv", StringComparison.Ordinal));

        Assert.Equal(Of(null), Of(["snapkv"]));
    }

    [Fact]
    public void By_depth_there_are_five_bands_and_the_average_is_over_them()
    {
        ItemLine At(int i, double? depth, double score, string task) => Line(i, Dense, score, task) with { Depth = depth };
        var view = new ScoreView(Table(Record([At(0, 3, 1, "single"), At(1, 100, 0, "single"), At(0, null, 1, "several")])), "depth");

        Assert.Equal(["0–20 %", "80–100 %"], view.Columns);
        Assert.Equal((2, 0.5), (view.Items(Dense), view.Score(Dense)!.Value.Value));
    }
}
