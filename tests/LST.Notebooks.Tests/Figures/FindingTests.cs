using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;
using LST.Notebooks.Figures;

namespace LST.Notebooks.Tests.Figures;

/// <summary>Titles and notes of figures over arrays: they name what is drawn, and no more than the numbers carry.</summary>
public sealed class FindingTests
{
    [Fact]
    public void The_key_that_attention_names_lies_in_the_drawn_window_and_is_judged_by_queries_that_can_read_it()
    {
        // The first of 100 keys, left of the window, is read most; in the window it is the key at 60, which the queries from 60 on see.
        float[] Row(int q) => [.. Enumerable.Range(0, 100).Select(k => k > q ? 0f : k == 0 ? 0.5f : k == 60 ? 0.3f : k == q ? 0.2f : 0f)];
        int[] queries = [.. Enumerable.Range(40, 60)];
        var map = new AttentionMap("invented", 2, 1, [.. queries.Select(q => $"q{q}")], queries, [.. Enumerable.Range(0, 100).Select(k => $"k{k}")], [.. Enumerable.Range(0, 100)], [.. queries.Select(Row)]);

        var (windowed, narrow) = (Draw.AttentionHeatMap(map), Draw.AttentionHeatMap(map, firstKey: 0));

        Assert.Contains("Layer 2, head 1: the 40 queries that can read “k60” at position 60 give it 30 % of their attention, the most of any key shown", windowed.Description, StringComparison.Ordinal);
        Assert.Contains("The title leaves out keys that fewer than half of the queries can read.", Title(windowed.ToPlotlyJson()), StringComparison.Ordinal);
        Assert.DoesNotContain("leaves out", Title(narrow.ToPlotlyJson()), StringComparison.Ordinal);
        Assert.Contains("the 60 queries that can read “k0” at position 0 give it 50 %", narrow.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Attention_without_a_readable_key_in_the_window_says_so()
    {
        var map = new AttentionMap("invented", 0, 0, ["a"], [0], ["a", "b"], [0, 1], [[0f, 0f]]);

        Assert.Contains("no query shown can read a key shown", Draw.AttentionHeatMap(map).Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Heads_that_are_kept_whole_do_not_stretch_the_colours_of_the_others()
    {
        float[][][] median = [[[1e-6f, 0.2f], [0f, 2.5f]]];
        var grid = new ErrorGrid("invented", "continuation", [4], median, median, median, 64);

        var json = Draw.ErrorGrid(grid).ToPlotlyJson();

        Assert.Equal(-2, json["layout"]!["coloraxis"]!["cmin"]!.GetValue<double>());
        Assert.Equal([-2, Math.Log10(0.2), -2, Math.Log10(2.5)], json["data"]![0]!["z"]!.AsArray().SelectMany(row => row!.AsArray()).Select(z => Math.Round(z!.GetValue<double>(), 5)), (a, b) => Math.Abs(a - b) < 1e-4);
        Assert.Equal(["0", ".20", "0", "2.5"], json["data"]![0]!["text"]!.AsArray().SelectMany(row => row!.AsArray()).Select(text => text!.GetValue<string>()));
        Assert.Contains("The median head has relative error 0.100 at 4:1; the worst is layer 1, head 1 at 4:1 with 2.50", Title(json), StringComparison.Ordinal);
        Assert.Contains("Lightest: below 0.01.", Title(json), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.01, "have an error below 0.095 under b, below 0.950 under c")]
    [InlineData(0.05, "have an error below 0.095 to 0.103 under b and a (hardly to be told apart), below 0.950 under c")]
    [InlineData(0.95, "have an error below 0.095 to 0.950 under b, a and c (hardly to be told apart)")]
    public void Tails_name_no_winner_that_the_intervals_do_not(double share, string said)
    {
        ErrorSeries Series(string loss, double scale) => SampleViews.WithInterval(new(loss, "continuation", [.. Enumerable.Range(0, 1001).Select(i => (float)(i * scale / 1000))]), share);

        var figure = Draw.ErrorTails(new("invented", [Series("a", 0.108), Series("b", 0.0999), Series("c", 1)]));

        Assert.Contains(said, figure.Description, StringComparison.Ordinal);
        Assert.Contains("Brackets: 95 % bootstrap interval over queries of this prompt. Left of the axis: up to", Title(figure.ToPlotlyJson()), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_of_tails_stand_above_the_curves_and_further_left_is_higher()
    {
        var layout = SampleFigures.Of("tails").ToPlotlyJson()["layout"]!;

        var labels = layout["annotations"]!.AsArray().Select(label => (X: label!["x"]!.GetValue<double>(), Y: label["y"]!.GetValue<double>())).OrderBy(label => label.X).ToList();
        Assert.Equal(6, labels.Count);
        Assert.Equal(labels.OrderByDescending(label => label.Y), labels);
        Assert.All(labels, label => Assert.InRange(label.Y, layout["yaxis"]!["domain"]![1]!.GetValue<double>(), 1));
        Assert.Equal(labels.Select(label => label.X), layout["shapes"]!.AsArray().Select(leader => leader!["x0"]!.GetValue<double>()).Order());
    }

    [Fact]
    public void A_run_with_budgets_of_heads_tells_them_from_the_optimizers_steps()
    {
        var run = new SampleViews(8).ChoiceStory(8, 2);

        var (split, plain) = (Draw.TrainingStory(run), Draw.TrainingStory(run with { BudgetsFrom = null }));

        Assert.Contains("lst: 1.150 of the dense perplexity by choice alone, 0.994 with budgets of heads", split.Description, StringComparison.Ordinal);
        Assert.Contains("lst ends at 0.994 of the dense perplexity after 8 steps, from 1.300", plain.Description, StringComparison.Ordinal);
        var dotted = Assert.Single(split.ToPlotlyJson()["data"]!.AsArray(), trace => trace!["line"]?["dash"]?.GetValue<string>() == "dot" && trace["name"] is not null)!;
        Assert.Equal([6.0, 8], dotted["x"]!.AsArray().Select(x => x!.GetValue<double>()));
        Assert.Equal([1.15, 0.994], dotted["y"]!.AsArray().Select(y => y!.GetValue<double>()));
        Assert.Contains(split.ToPlotlyJson()["layout"]!["annotations"]!.AsArray(), label => label!["text"]!.GetValue<string>() == "head budgets measured");
        Assert.DoesNotContain("budgets", plain.ToPlotlyJson().ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Stories_show_whole_markers_at_the_frame_and_say_where_peaks_are_cut()
    {
        var (story, peaked) = (new SampleViews(8).ChoiceStory(8, 4), new SampleViews(8).ChoiceStory(400, 100));

        var json = Draw.TrainingStory(story).ToPlotlyJson();

        Assert.All(json["data"]!.AsArray().Where(trace => trace!["mode"]!.GetValue<string>().Contains("markers")), trace => Assert.Equal("false", trace!["cliponaxis"]!.ToJsonString()));
        Assert.DoesNotContain("Peaks", Title(json), StringComparison.Ordinal);
        var cut = Draw.TrainingStory(peaked with { Importance = [.. peaked.Importance.Select((value, i) => i == 7 ? 40 : value)] });
        Assert.Contains("Peaks cut off at the frame.", Title(cut.ToPlotlyJson()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_strip_of_even_weights_counts_tokens_and_one_of_uneven_weights_compares_with_an_even_share()
    {
        SlotView Merged(float first) => new(SlotKind.Merged, 3, [1, 2, 3, 4], [first, (1 - first) / 3, (1 - first) / 3, (1 - first) / 3], 1, 0);
        IngredientsStrip Strip(float first) => new("invented", 0, 0, ["a", "b", "c", "d", "e", "f"], [new(SlotKind.Sink, 0, [0], [1], 1, 0), Merged(first)]);

        Assert.Contains("6 tokens became 2 slots; 1 token kept, 4 merged into one, 1 dropped.", Draw.IngredientsStrip(Strip(0.25f)).Description, StringComparison.Ordinal);
        Assert.Contains("the heaviest token of a merged slot holds 70 % of it, an even share is 25 %", Draw.IngredientsStrip(Strip(0.7f)).Description, StringComparison.Ordinal);
        Assert.Contains("length of its key over the mean length of its tokens’ keys", Title(Draw.IngredientsStrip(Strip(0.7f)).ToPlotlyJson()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fate_map_counts_tokens_that_every_method_keeps_and_that_none_does()
    {
        TokenFate Kept(int slot) => new(SlotKind.Kept, slot, 1, 1);
        TokenFate Merged(int slot, int into = 1) => new(SlotKind.Merged, slot, 2, into);
        FateRow Row(string method, long bytes, params TokenFate[] fates) => new(method, 2, bytes, [new HeadFates(2, fates)]);
        var map = new TokenFateMap("invented", 2, 1000, ["a", "b", "c", "d"], [(3, 1)],
            [Row("h2o", 500, Kept(0), Kept(1), TokenFate.Dropped, TokenFate.Dropped), Row("mean", 490, Kept(0), Merged(1), Merged(1, 3), Merged(2))]);

        var (both, one) = (Draw.TokenFateMap(map), Draw.TokenFateMap(map.Only("mean", "tova")));

        Assert.Contains("Of 4 tokens 1 stays under every method and 2 under none at 2:1, in layer 3, head 1", both.Description, StringComparison.Ordinal);
        Assert.Contains("mean keeps 1 of 4 tokens, merges 3 and drops 0 in layer 3, head 1", one.Description, StringComparison.Ordinal);
        var trace = both.ToPlotlyJson()["data"]![0]!;
        Assert.Equal([2.0, 2, 0, 0, 2, 3, 3, 4], trace["z"]!.AsArray().SelectMany(row => row!.AsArray()).Select(code => code!.GetValue<double>()));
        Assert.Equal(["kept, slot 0", "merged, slot 1 of 2", "merged into 3 slots, most into 1", "merged, slot 2 of 2"], trace["customdata"]![1]!.AsArray().Select(text => text!.GetValue<string>()));
        Assert.Contains(both.ToPlotlyJson()["layout"]!["annotations"]!.AsArray(), label => label!["text"]!.GetValue<string>() == "2 · 2.0 · 49.0 %");
        Assert.Null(both.ToPlotlyJson()["layout"]!["sliders"]);
    }

    [Fact]
    public void A_fate_map_of_all_methods_and_eight_heads_stays_small() =>
        Assert.InRange(SampleFigures.Of("fates-all").ToPlotlyJson().ToJsonString().Length, 20_000, 450_000);

    [Fact]
    public void Budgets_name_the_widest_spread_and_errors_the_best_and_the_worst_method()
    {
        var budgets = Draw.BudgetGrid(new("invented", 4, 64, ["snapkv", "lst"], [[[16, 16]], [[4, 28]]]));
        float[][][] median = [[[0.2f, 0.4f]], [[0.1f, 0.1f]]];
        var errors = Draw.ErrorGrid(new ErrorGrid("invented", "continuation", [4, 4], median, median, median, 8) { Methods = ["h2o", "lst"] });

        Assert.Contains("At 4:1 heads get from 4 to 28 slots under lst, the widest spread; all the same under snapkv", budgets.Description, StringComparison.Ordinal);
        Assert.Equal([-2, 0.8074], budgets.ToPlotlyJson()["data"]![1]!["z"]![0]!.AsArray().Select(z => z!.GetValue<double>()), (a, b) => Math.Abs(a - b) < 1e-2);
        Assert.Contains("At 4:1 the median head has relative error 0.100 under lst, the least, and 0.300 under h2o, the most; the worst is layer 0, head 1 under h2o with 0.400", errors.Description, StringComparison.Ordinal);
    }

    private static string Title(JsonObject figure) => figure["layout"]!["title"]!["text"]!.GetValue<string>().Replace("<br>", " ", StringComparison.Ordinal);
}
