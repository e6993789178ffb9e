using System.Globalization;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Tests.Reports;

/// <summary>docs/benchmark-results.md: each table is what the command above it prints, and what is said below holds. With LST_REWRITE_PAGES=1 its tables are printed again.</summary>
public sealed class BenchmarkPageTests
{
    private static readonly RecordPage Page = new("benchmark-results.md");
    // Made on another processor than the table of all methods.
    private static readonly string[] Elsewhere = ["ruler-smollm2-6701357f", "ruler-smollm2-921e5fd0", "ruler-smollm2-5cb3cd79"];

    private static readonly ItemRow Dense = new("dense", 1);

    [Fact]
    public void Its_tables_are_what_its_commands_print() => Page.Check();

    [Fact]
    public void Its_records_were_made_by_committed_code() =>
        Assert.All(RecordPage.ItemRecords(Page.Text), record => Assert.False(record.Versions.Dirty, $"{record.Id} was made from a changed checkout"));

    [Fact]
    public void Scores_beside_published_ones_are_those_of_the_dense_rows()
    {
        var lines = Page.Text.Split('\n');
        var view = View("zeroshot", "smollm2");
        foreach (var (name, task) in new[] { ("PIQA", "piqa"), ("HellaSwag", "hellaswag"), ("ARC-Easy", "arc_easy"), ("ARC-Challenge", "arc_challenge") })
        {
            var score = view.Score(Dense, task)!.Value;
            var cell = string.Create(CultureInfo.InvariantCulture, $"| {name} | {100 * score.Value:0.0} ({100 * score.Low:0.0} – {100 * score.High:0.0}) ");
            Assert.Contains(lines, line => line.StartsWith(cell, StringComparison.Ordinal));
        }
        // Without BOS no task differs by more than two points.
        var bare = new ScoreView(BenchmarkTable.Join(RecordPage.ItemRecords(Page.Text).Where(record => record.Options["bos"] is not null)).Single());
        Assert.All(bare.Columns, task => Assert.InRange(bare.Score(Dense, task)!.Value.Value - view.Score(Dense, task)!.Value.Value, -0.02, 0.02));
    }

    [Fact]
    public void Likelihood_tasks_cannot_tell_a_method_from_dense_but_LAMBADA_can()
    {
        var view = View("zeroshot", "smollm2");

        Assert.All(view.AdjustedP(view.Table.Rows), p => Assert.True(p.Value > 0.05, $"{p.Key} has p = {p.Value}"));
        double Perplexity(string method) => view.Table.All.First(row => row.Cell.Task == "lambada_openai" && row.Row.Method == method).Row.Perplexity!.Value;
        Assert.True(Perplexity("streaming") > 10 * Perplexity("dense"));
        Assert.True(Perplexity("lst") < 1.12 * Perplexity("dense"));
    }

    [Fact]
    public void Behind_five_examples_no_loss_can_be_seen()
    {
        var view = new ScoreView(BenchmarkTable.Join(RecordPage.ItemRecords(Page.Text).Where(record => record.Shots == 5)).Single());
        var methods = view.Rows.Where(row => row.Method != "dense").ToList();

        Assert.Equal([-0.3, 1], new[] { methods.Min(Difference), methods.Max(Difference) });
        double Difference(ItemRow row) => Math.Round(100 * view.Difference(row)!.Value.Value, 1);
        Assert.All(methods, row => Assert.False(view.Difference(row)!.Value.Excludes(0)));
        Assert.Equal(["h2o"], methods.Where(row => view.LosesLessThan(row, 0.02) != true).Select(row => row.Method));
        Assert.All(methods, row => Assert.Equal((600, 600), view.CompressedItems(row)));
        Assert.Equal(219, Math.Round(view.TokensPerContext()));
        Assert.False(view.Score(Dense, "arc_challenge-5shot")!.Value.Excludes(0.25));
        Assert.False(view.Score(Dense, "winogrande-5shot")!.Value.Excludes(0.5));
        var bare = View("zeroshot", "smollm2");
        IEnumerable<int> Items(ScoreView scores, string task) => scores.Table.Of(Dense).Where(row => row.Cell.Task == task).SelectMany(row => row.Cell.Items.All);
        var shared = view.Columns.Select(column => Items(view, column).Intersect(Items(bare, column.Split('-')[0])).Count()).ToList();
        Assert.Equal((17, 95), (shared.Min(), shared.Max()));
    }

    [Fact]
    public void The_small_model_guesses_likelihood_tasks_but_LAMBADA_tells_its_methods_apart()
    {
        var view = View("zeroshot", "lst-ref");

        var chance = view.Columns.Where(task => task != "lambada_openai").ToDictionary(task => task, task => task is "piqa" or "winogrande" or "boolq" or "copa" ? 0.5 : 0.25);
        Assert.Equal(["boolq"], chance.Where(task => view.Score(Dense, task.Key)!.Value.Excludes(task.Value)).Select(task => task.Key));
        var whole = new ScoreView(BenchmarkTable.Join(RecordPage.ItemRecords(Page.Text).Where(record => record.Model.Name == "lst-ref" && record.Benchmark == "zeroshot" && Limit(record) is null && !record.Cells[0].SmallerIsBetter)).Single());
        Assert.Equal(["hellaswag", "boolq"], whole.Columns.Where(task => chance.ContainsKey(task) && whole.Score(Dense, task)!.Value.Excludes(chance[task])));
        Assert.Equal(36, view.AdjustedP(view.Table.Rows).Count);
        Assert.All(view.AdjustedP(view.Table.Rows), p => Assert.True(p.Value > 0.05, $"{p.Key} has p = {p.Value}"));
        var last = view.Table.All.Where(row => row.Cell.Task == "lambada_openai").ToDictionary(row => row.Row.Row, row => row.Row);
        bool IsDense(string method, double ratio) => last[new ItemRow(method, ratio)].PerplexityOverDenseCi95 is [var low, var high] && low <= 1 && high >= 1;
        Assert.True(IsDense("kvzip", 2) && IsDense("kvzip", 4) && IsDense("lst", 2) && !IsDense("lst", 4));
        Assert.True(IsDense("keydiff", 2));
        Assert.Equal(2, view.Rows.Count(row => row.Method != "dense" && view.Difference(row)!.Value.Excludes(0)));
        Assert.Equal([1.10, 2.75], new[] { ("lst", 4.0), ("keydiff", 4) }.Select(row => Math.Round(last[new ItemRow(row.Item1, row.Item2)].PerplexityOverDense!.Value, 2)));
        Assert.All(last.Values.Where(row => row.Ratio == 2 && row.Method is not ("kvzip" or "lst" or "keydiff")), row => Assert.True(row.PerplexityOverDense >= 2.6, row.Method));
    }

    [Fact]
    public void Recall_is_the_models_own_and_what_is_said_of_methods_holds()
    {
        var view = View("recall", "lst-ref");

        // The card of the model: 94 of 108 items.
        Assert.False(view.Score(Dense)!.Value.Excludes(94 / 108.0));
        Assert.All(new[] { 2.0, 4, 8 }, ratio => Assert.True(IsAsGood(view, "lst", ratio), $"lst at {ratio}:1"));
        foreach (var method in new[] { "tova", "pyramidkv" }) Assert.True(Paired(view, method, "random", 2).High < 0, method);
        Assert.False(Paired(view, "h2o", "random", 2).Excludes(0));
        Assert.True(Paired(view, "snapkv", "streaming", 2).High < 0);
        Assert.Equal([-3.0, -7.2], new[] { 2.0, 4 }.Select(ratio => Math.Round(100 * view.Difference(new ItemRow("kvzip", ratio))!.Value.Value, 1)));
        Assert.Equal([-2.1, -23.1], new[] { 2.0, 4 }.Select(ratio => Math.Round(100 * view.Difference(new ItemRow("keydiff", ratio))!.Value.Value, 1)));
    }

    [Fact]
    public void Last_queries_help_where_they_are_the_question()
    {
        var (agnostic, aware) = (View("recall", "lst-ref"), View("recall", "lst-ref", "query-aware"));
        double[] Of(ScoreView view) => [.. new[] { "snapkv", "adakv", "pyramidkv", "tova" }.Select(method => Math.Round(100 * view.Score(new ItemRow(method, 2))!.Value.Value, 1))];

        Assert.Equal([32.2, 60.4, 18.8, 14.4], Of(agnostic));
        Assert.Equal([73.6, 80.1, 60.9, 48.4], Of(aware));
        double Gain(string method, double ratio) => Math.Round(100 * (aware.Score(new ItemRow(method, ratio))!.Value.Value - agnostic.Score(new ItemRow(method, ratio))!.Value.Value), 1);
        Assert.Equal([7.2, 8.1], [Gain("random", 2), Gain("kvzip", 8)]);
        Assert.All(new[] { 2.0, 4, 8 }, ratio => Assert.InRange(Gain("lst", ratio), -0.5, 0.5));
        foreach (var method in new[] { "h2o", "streaming" })
            Assert.InRange(aware.Score(new ItemRow(method, 2))!.Value.Value - agnostic.Score(new ItemRow(method, 2))!.Value.Value, -0.02, 0.02);
        foreach (var ratio in new[] { 2.0, 4, 8 })
            Assert.All(aware.Rows.Where(row => row.RatioRequested == ratio && row.Method is not ("lst" or "kvzip") && (row.Method, ratio) != ("keydiff", 2)), row => Assert.True(aware.Score(row)!.Value.Value < aware.Score(new ItemRow("kvzip", ratio))!.Value.Value, $"{row}"));
    }

    [Fact]
    public void Spans_that_come_again_are_found_behind_lst()
    {
        var view = new ScoreView(BenchmarkTable.Join(RecordPage.ItemRecords(Page.Text)).Single(table => table.SmallerIsBetter && table.Records[0].Benchmark == "recall"));
        Estimate Lost(string method, double ratio) => view.Difference(new ItemRow(method, ratio))!.Value;

        Assert.Equal([-0.006, 0, 0.091], new[] { 2.0, 4, 8 }.Select(ratio => Math.Round(Lost("lst", ratio).Value, 3)));
        Assert.True(Lost("lst", 2).High < 0 && !Lost("lst", 4).Excludes(0) && Lost("lst", 8).Low > 0);
        Assert.Equal(0.25, Math.Round(Lost("lst", 8).Value / Lost("kvzip", 8).Value, 2));
        foreach (var ratio in new[] { 2.0, 4, 8 })
        {
            Assert.Equal(["lst", "kvzip", "adakv", "attention-matching"], view.Rows.Where(row => row.RatioRequested == ratio).OrderBy(row => view.Score(row)!.Value.Value).Take(4).Select(row => row.Method));
            Assert.Equal("mean", view.Rows.Where(row => row.RatioRequested == ratio).MaxBy(row => view.Score(row)!.Value.Value).Method);
        }
        Assert.True(Lost("mean", 2).Value > 1.5);
        foreach (var method in new[] { "keydiff", "streaming", "cam" }) Assert.False(Paired(view, "attention-matching", method, 2).Excludes(0));
    }

    [Fact]
    public void The_papers_needle_is_not_found_by_dense_either()
    {
        var (agnostic, aware) = (View("niah", "smollm2"), View("niah", "smollm2", "query-aware"));
        int Found(ScoreView view, string method, double ratio) => (int)Math.Round(30 * view.Score(new ItemRow(method, ratio))!.Value.Value);

        Assert.Equal((0, 3), (Found(agnostic, "dense", 1), Found(agnostic, "lst", 4)));
        Assert.Equal((1, 1), (Found(aware, "dense", 1), Found(aware, "lst", 4)));
        foreach (var method in new[] { "h2o", "snapkv", "streaming", "expected-attention" }) Assert.Equal(0, Found(agnostic, method, 4) + Found(aware, method, 4));
    }

    [Fact]
    public void In_smollm2s_RULER_lst_keeps_what_methods_of_perplexity_lose()
    {
        var view = View("ruler", "smollm2");
        var depth = new ScoreView(view.Table, "depth");

        Assert.False(view.Difference(new ItemRow("lst", 2))!.Value.Excludes(0));
        var loss = view.Difference(new ItemRow("lst", 4))!.Value;
        Assert.Equal([-3.6, -6.2, -0.9], new[] { loss.Value, loss.Low, loss.High }.Select(value => Math.Round(100 * value, 1)));
        Assert.Equal("niah_single_3", view.Columns.MinBy(column => view.Difference(new ItemRow("lst", 4), column)!.Value.Value));
        double Lost(string task) => 100 * view.Difference(new ItemRow("lst", 4), task)!.Value.Value;
        var needles = view.Columns.Where(task => task != "vt").ToList();
        Assert.Equal([-5.8, 12, 0.5], [Math.Round(needles.Average(Lost), 1), Math.Round(Lost("vt"), 1), Math.Round(Lost("niah_single_3") / needles.Sum(Lost), 1)]);
        Assert.All(depth.Columns.Take(4), band => Assert.All(new[] { "h2o", "weightedkv" }, method => Assert.Equal(0, depth.Score(new ItemRow(method, 4), band)!.Value.Value)));
        Assert.Equal(0.78, Math.Round(view.AdjustedP(view.Rows)[new ItemRow("lst", 4)], 2));
        var other = new ScoreView(BenchmarkTable.Join(RecordPage.ItemRecords(Page.Text).Where(record => Elsewhere.Contains(record.Id))).Single());
        double[] DenseItems(ScoreView scores) => [.. scores.Table.Of(Dense).Where(row => other.Columns.Contains(row.Cell.Task)).OrderBy(row => row.Cell.Task, StringComparer.Ordinal).ThenBy(row => row.Cell.Length).SelectMany(row => row.Row.Scores["score"].Values)];
        Assert.Equal((11, 240), (DenseItems(view).Zip(DenseItems(other), (one, two) => one == two ? 0 : 1).Sum(), DenseItems(other).Length));
        // Both methods against the dense row that was measured beside them.
        ScoreView Beside(string task) => other.Columns.Contains(task) ? other : view;
        double Average(string method, double ratio, IEnumerable<string> tasks) => Math.Round(100 * tasks.Average(task => Beside(task).Difference(new ItemRow(method, ratio), task)!.Value.Value), 1);
        Assert.Equal([-0.1, 1.1, -1.1, -2.9, -1.8, -5.3], [Average("kvzip", 2, view.Columns), Average("lst", 2, view.Columns), Average("kvzip", 4, view.Columns), Average("lst", 4, view.Columns), Average("kvzip", 4, needles), Average("lst", 4, needles)]);
        string Pair(IEnumerable<string> tasks)
        {
            var pair = StratifiedBootstrap.AverageOfMeans([.. tasks.Select(task => Scores(Beside(task), "kvzip", 4, task).Zip(Scores(Beside(task), "lst", 4, task), (one, two) => one - two).ToArray())]);
            return string.Create(CultureInfo.InvariantCulture, $"+{100 * pair.Value:0.0}, {(pair.Low < 0 ? "−" : "")}{100 * Math.Abs(pair.Low):0.0} to {100 * pair.High:0.0}");
        }
        Assert.Contains($"KVzip − `lst` {Pair(view.Columns)})", Page.Text);
        Assert.Contains($"1.8 against 5.3 ({Pair(needles)})", Page.Text);
        Assert.Equal([10, 0.03, 1], [Math.Round(100 * (Scores(other, "lst", 4, "vt").Average() - Scores(other, "kvzip", 4, "vt").Average())), Math.Round(other.AdjustedP(other.Rows)[new ItemRow("lst", 2)], 2), Math.Round(100 * other.Columns.Average(task => view.Difference(new ItemRow("lst", 2), task)!.Value.Value), 1)]);
        foreach (var (task, kvzip, lst, p) in new[] { ("niah_single_3", 68.3, 56.7, 0.07), ("niah_multikey_1", 65.0, 56.7, 0.23) })
        {
            Assert.Equal(p, Math.Round(PairedComparison.Of(Scores(view, "kvzip", 4, task), Scores(view, "lst", 4, task)).McNemarP, 2));
            Assert.Equal((kvzip, lst), (Math.Round(100 * view.Score(new ItemRow("kvzip", 4), task)!.Value.Value, 1), Math.Round(100 * view.Score(new ItemRow("lst", 4), task)!.Value.Value, 1)));
        }
        foreach (var method in new[] { "h2o", "weightedkv", "expected-attention" }) Assert.True(view.Score(new ItemRow(method, 2))!.Value.Value < view.Score(Dense)!.Value.Value / 4, method);
        foreach (var method in new[] { "h2o", "weightedkv" })
            foreach (var band in depth.Columns.Take(3)) Assert.Equal(0, depth.Score(new ItemRow(method, 2), band)!.Value.Value);
    }

    [Fact]
    public void In_RULER_lst_cannot_be_told_from_dense()
    {
        var view = View("ruler", "lst-ref");

        Assert.All(new[] { 2.0, 4, 8 }, ratio => Assert.True(IsAsGood(view, "lst", ratio), $"lst at {ratio}:1"));
        Assert.All(view.Rows.Where(row => row.Method is not ("dense" or "lst")), row => Assert.NotEqual(true, view.LosesLessThan(row, 0.02)));
        Assert.Equal(66, Math.Round(100 * view.Score(Dense)!.Value.Value));
        Assert.All(view.Table.All.Where(row => row.Row.Method != "dense"), row => Assert.Equal(row.Cell.Items.All.Count, row.Row.CompressedItems));
    }

    // The table that all methods are in: RULER's on 20 samples a cell, likelihood tasks without examples on so many items as all methods have.
    private static ScoreView View(string benchmark, string model, string mode = "query-agnostic") =>
        new(BenchmarkTable.Join(RecordPage.ItemRecords(Page.Text).Where(record => record.Shots == 0 && record.Options["bos"] is null && !Elsewhere.Contains(record.Id) && Limit(record) is var limit && benchmark switch { "ruler" => limit == 20, "zeroshot" => limit is not null, _ => true }))
            .First(table => table.Records[0].Benchmark == benchmark && table.Records[0].Model.Name == model && table.Records[0].Mode == (benchmark == "zeroshot" ? "mc-p" : mode) && !table.SmallerIsBetter));

    // In the order of lengths, so that items of two rows pair up.
    private static double[] Scores(ScoreView view, string method, double ratio, string task) =>
        [.. view.Table.Of(new ItemRow(method, ratio)).Where(row => row.Cell.Task == task).OrderBy(row => row.Cell.Length).SelectMany(row => row.Row.Scores[row.Cell.Headline].Values)];

    private static Estimate Paired(ScoreView view, string method, string other, double ratio) =>
        StratifiedBootstrap.AverageOfMeans([.. view.Columns.Select(task => Scores(view, method, ratio, task).Zip(Scores(view, other, ratio, task), (one, two) => one - two).ToArray())]);

    private static bool IsAsGood(ScoreView view, string method, double ratio) => !view.Difference(new ItemRow(method, ratio))!.Value.Excludes(0) && view.LosesLessThan(new ItemRow(method, ratio), 0.02) == true;

    private static int? Limit(BenchmarkRecord record) => record.Options["limit"]?.GetValue<int>();
}
