using System.Text.Json.Nodes;
using LST.Notebooks.Figures;
using Plotly.NET;

namespace LST.Notebooks.Tests.Figures;

/// <summary>What holds for every figure, and that titles say what the data say.</summary>
public sealed class FigureTests
{
    public static TheoryData<string> Names => SampleFigures.AllNames;

    [Theory]
    [MemberData(nameof(Names))]
    public void Figure_stays_in_the_common_subset_and_says_what_it_is(string name)
    {
        var figure = SampleFigures.Of(name);

        Assert.Empty(PlotlySubset.Check(figure.ToPlotlyJson()));
        Assert.InRange(figure.Width, 400, 1200);
        Assert.InRange(figure.Height, 150, 1500);
        Assert.Equal(figure.Description, figure.ToString());
        Assert.Contains(figure.Source, figure.Description, StringComparison.Ordinal);
        Assert.DoesNotContain('<', figure.Description.Replace("<s>", "").Replace("<b>", "").Replace("< ", ""));
        Assert.DoesNotContain("NaN", figure.Description, StringComparison.Ordinal);
        // A number and its % stand in one line.
        Assert.DoesNotContain("<br>%", figure.ToPlotlyJson()["layout"]!["title"]?.ToString() ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Titles_of_scores_say_who_keeps_most_of_what_dense_has()
    {
        Assert.Contains("At 4:1 lst keeps most, 87.5 of dense's 93.8 % (no difference can be told)", Draw.ScoresByRatio(SampleScores.Small).Description, StringComparison.Ordinal);
        Assert.Contains("At 4:1 lst falls clearly behind dense in none of 2 columns, h2o and mean (log-mass) in all", Draw.ScoreGrid(SampleScores.Small, 4).Description, StringComparison.Ordinal);
        Assert.Contains("At 4:1 no method falls clearly behind dense in any of 2 columns.", Draw.ScoreGrid(SampleScores.Equal, 4).Description, StringComparison.Ordinal);
        Assert.Contains("At 2:1 no method falls clearly behind dense.", Draw.ScoreGrid(SampleScores.FewShot, 2).Description, StringComparison.Ordinal);
        Assert.Matches("At 8:1 every method falls clearly behind dense in at least one of 8 columns, [0-9]+ methods in (all|[0-9]+)\\.", Draw.ScoreGrid(SampleScores.Wide, 8).Description);
        Assert.Contains("At 2:1 lst loses least, 3.875 against dense's 2.875 nats", Draw.ScoresByRatio(SampleScores.Losses).Description, StringComparison.Ordinal);
        Assert.Contains("likelihood tasks, 5-shot", Draw.ScoresByRatio(SampleScores.FewShot).ToPlotlyJson().ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("every column", Assert.Throws<LST.Core.UsageException>(() => Draw.ScoresByRatio(SampleScores.DenseAlone)).Message, StringComparison.Ordinal);
        Assert.Contains("ScoresByRatio", Assert.Throws<LST.Core.UsageException>(() => Draw.ScoreGrid(SampleScores.Losses, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("ratios are 2, 4", Assert.Throws<LST.Core.UsageException>(() => Draw.ScoreGrid(SampleScores.Small, 8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Figures_know_arrays_and_records_and_no_model()
    {
        var files = Directory.GetFiles(Path.Combine(LST.Core.Tests.Shared.RepositoryRoot, "src", "LST.Notebooks", "Figures"), "*.cs");

        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.DoesNotMatch(@"TorchSharp|LST\.Core\.\w|LST\.Evaluation\.(?!Analysis|Records|Reports|Statistics|Benchmarks\.Items|Benchmarks\.Results)\w", File.ReadAllText(file)));
    }

    [Fact]
    public void Plotly_net_can_go_on_to_style_a_figure()
    {
        var figure = SampleFigures.Of("errors");
        var mine = new Layout();
        mine.SetProperty("hovermode", "x");

        var styled = figure with { Chart = GenericChart.addLayout(mine, figure.Chart) };

        Assert.Equal("x", styled.ToPlotlyJson()["layout"]!["hovermode"]!.GetValue<string>());
        Assert.Empty(PlotlySubset.Check(styled.ToPlotlyJson()));
    }

    [Fact]
    public void Error_grid_names_its_worst_cell_with_its_interval()
    {
        var views = new SampleViews(4).Errors(3, 4, 2, 4);
        var worst = (from r in new[] { 0, 1 } from l in Enumerable.Range(0, 3) from h in Enumerable.Range(0, 4) select (views.Median[r][l][h], r, l, h)).Max();

        var figure = Draw.ErrorGrid(views);

        Assert.Contains($"layer {worst.l}, head {worst.h} at {views.Ratios[worst.r]}:1", figure.Description, StringComparison.Ordinal);
        Assert.Contains(figure.ToPlotlyJson()["layout"]!["shapes"]!.AsArray(), shape => shape!["x0"]!.GetValue<double>() == worst.h - 0.5 && shape["y0"]!.GetValue<double>() == worst.l - 0.5);
    }

    [Fact]
    public void Long_attention_is_windowed_and_says_so()
    {
        var figure = Draw.AttentionHeatMap(new SampleViews(11).Attention(100, 300), firstQuery: 10);

        var json = figure.ToPlotlyJson();
        Assert.Equal(64, json["data"]![0]!["z"]!.AsArray().Count);
        Assert.Equal(64, json["data"]![0]!["z"]![0]!.AsArray().Count);
        Assert.Contains("queries 10–73 of 100", json["layout"]!["title"]!["text"]!.GetValue<string>().Replace("<br>", " "), StringComparison.Ordinal);
        Assert.Contains("keys 236–299 of 300", json["layout"]!["title"]!["text"]!.GetValue<string>().Replace("<br>", " "), StringComparison.Ordinal);
    }

    [Fact]
    public void Hover_over_attention_names_tokens_and_positions_once_each_and_ticks_the_token_alone()
    {
        var map = new SampleViews(11).Attention(6, 8);

        var json = Draw.AttentionHeatMap(map).ToPlotlyJson();

        var (trace, axis) = (json["data"]![0]!, json["layout"]!["xaxis"]!);
        Assert.Equal(map.Keys.Select((key, k) => $"“{TokenText.Label(key)}” at {map.KeyPositions[k]}"), trace["x"]!.AsArray().Select(name => name!.GetValue<string>()));
        Assert.Equal(map.Keys.Select(TokenText.Label), axis["ticktext"]!.AsArray().Select(text => text!.GetValue<string>()));
        Assert.StartsWith("%{y} reads %{x}<br>weight %{customdata:.4f}", trace["hovertemplate"]!.GetValue<string>(), StringComparison.Ordinal);
        // Hover says the text of a tick that stands within 1/10,000 of the axis instead of the name.
        Assert.All(axis["tickvals"]!.AsArray().Select((place, k) => place!.GetValue<double>() - k), offset => Assert.InRange(offset, 64 / 10_000.0, 0.05));
        Assert.Equal(map.Weights[2][1], trace["customdata"]![2]![1]!.GetValue<double>(), 5e-5);
    }

    [Fact]
    public void Slots_of_one_token_and_position_stay_columns_of_their_own()
    {
        var map = new SampleViews(11).Attention(2, 4) with { Keys = [" a", " a", " b", " a"], KeyPositions = [7, 7, 8, 7] };

        var names = Draw.AttentionHeatMap(map).ToPlotlyJson()["data"]![0]!["x"]!.AsArray().Select(name => name!.GetValue<string>());

        Assert.Equal(["“·a” at 7", "“·a” at 7 (2)", "“·b” at 8", "“·a” at 7 (3)"], names);
    }

    [Fact]
    public void Largest_attention_map_takes_less_than_a_hundred_kilobytes() =>
        Assert.InRange(Draw.AttentionHeatMap(new SampleViews(11).Attention(100, 300)).ToPlotlyJson().ToJsonString().Length, 20_000, 100_000);

    [Fact]
    public void Ledger_says_how_much_mass_is_in_the_wrong_place()
    {
        var views = new SampleViews(3).Ledger(22, 4, 3);
        var rows = new LedgerRows(views, TokenWindow.Of(22, 160, 0));
        var exact = views with { Compressed = [.. views.Dense.Select(row => views.Slots.Select(slot => slot.Tokens.Sum(token => row[token])).ToArray())] };

        Assert.Equal(0, new LedgerRows(exact, TokenWindow.Of(22, 160, 0)).Misplaced(exact.Compressed, 0), 1e-6);
        Assert.True(rows.Misplaced(views.WithoutBias, 1) > rows.Misplaced(views.Compressed, 1));
        Assert.InRange(rows.Misplaced(views.WithoutBias, 1), 0, 1);
    }

    [Fact]
    public void Ledger_of_slots_without_a_bias_neither_compares_nor_offers_to_turn_it_off()
    {
        var views = new SampleViews(3).Ledger(22, 4, 3);

        var figure = Draw.MassLedger(views with { Compressed = views.WithoutBias });

        var layout = figure.ToPlotlyJson()["layout"]!;
        Assert.Null(layout["updatemenus"]);
        Assert.DoesNotContain("without", layout["annotations"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Matches(@"^<b>\d+ % of the attention mass is misplaced \(median of 3 queries\)</b>.*No slot has a log-mass bias\.", layout["title"]!["text"]!.GetValue<string>().Replace("<br>", " ", StringComparison.Ordinal));
        Assert.NotNull(SampleFigures.Of("ledger").ToPlotlyJson()["layout"]!["updatemenus"]);
    }

    [Fact]
    public void Pareto_points_lead_to_their_records()
    {
        var figure = Draw.Pareto(SampleTables.Invented);

        var traces = figure.ToPlotlyJson()["data"]!.AsArray().Where(trace => trace!["customdata"] is JsonArray);
        Assert.All(traces, trace => Assert.All(trace!["customdata"]!.AsArray(), point => Assert.Equal("ppl-lst-ref-api-e1-00000000", point![0]!.GetValue<string>())));
        Assert.Equal("ppl-lst-ref-api-e1-00000000", figure.Source);
    }

    [Fact]
    public void Tokens_are_data_in_labels()
    {
        Assert.Equal("↵", TokenText.Label("\n"));
        Assert.Equal("⇥", TokenText.Label("\t"));
        Assert.Equal("␣␣", TokenText.Label("  "));
        Assert.Equal("·the", TokenText.Label(" the"));
        Assert.Equal("·the", TokenText.Label("\u2581the"));
        Assert.Equal("&lt;b&gt;&amp;", TokenText.Label("<b>&"));
        Assert.Equal("⟨0007⟩", TokenText.Label("\a"));
        Assert.Equal("⟨202e⟩", TokenText.Label("\u202e"));
        Assert.Equal("∅", TokenText.Label(""));
        Assert.EndsWith("…", TokenText.Label(new string('x', 40)));
    }

    [Fact]
    public void Spread_labels_keep_their_order_their_gap_and_the_frame()
    {
        double[] wanted = [10, 11, 11, 50, 12, 98, 99];

        var places = Spread.Apart(wanted, 8, 0, 100);

        var ordered = places.Order().ToArray();
        Assert.All(Enumerable.Range(1, 6), i => Assert.True(ordered[i] - ordered[i - 1] >= 8 - 1e-9));
        Assert.All(places, place => Assert.InRange(place, 0, 100));
        Assert.True(places[0] < places[4] && places[4] < places[3]);
        Assert.Equal(50, places[3], 1e-9);
    }
}
