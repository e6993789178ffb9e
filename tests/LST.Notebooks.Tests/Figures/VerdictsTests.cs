using LST.Evaluation.Reports;
using LST.Notebooks.Figures;

namespace LST.Notebooks.Tests.Figures;

/// <summary>Titles of perplexity figures: compared where all methods have a point, and no more certain than the paired intervals.</summary>
public sealed class VerdictsTests
{
    private static readonly double[] Little = [1, 1, 1, 1], More = [5, 6, 5, 6], Wavering = [-2, 5, -2, 5], Much = [60, 66, 60, 66];

    [Fact]
    public void A_panel_is_judged_at_the_largest_ratio_that_every_method_has()
    {
        var table = SampleTables.Of("a", ("lst", 2, Little), ("lst", 4, More), ("kvzip", 2, More), ("kvzip", 4, Much), ("kvzip", 8, Much));

        Assert.StartsWith("At 4:1, the largest common ratio, lst has 1.011 × dense perplexity; next best: kvzip with 1.13", Verdicts.ByRatio([table]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_ratio_that_is_the_largest_of_all_methods_needs_no_word_about_it()
    {
        var table = SampleTables.Of("a", ("lst", 2, Little), ("lst", 8, More), ("kvzip", 2, More), ("kvzip", 8, Much));

        Assert.StartsWith("At 8:1 lst has 1.011 × dense perplexity; next best: kvzip", Verdicts.ByRatio([table]), StringComparison.Ordinal);
        Assert.StartsWith("At about 13 % of the dense bytes lst has", Verdicts.ByBytes([table]), StringComparison.Ordinal);
    }

    [Fact]
    public void Methods_without_a_common_ratio_are_judged_where_most_of_them_meet()
    {
        var table = SampleTables.Of("a", ("lst", 2, Little), ("kvzip", 2, More), ("h2o", 8, Much));

        Assert.StartsWith("At 2:1, the ratio that most methods have, lst has", Verdicts.ByRatio([table]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_paired_interval_cannot_tell_apart_is_said()
    {
        var table = SampleTables.Of("a", ("lst", 2, Little), ("kvzip", 2, Wavering), ("h2o", 2, Wavering), ("mean", 2, Wavering), ("random", 2, Much));

        Assert.EndsWith("lst has 1.0020 × dense perplexity, not to be told from kvzip, h2o and 1 more", Verdicts.ByRatio([table]), StringComparison.Ordinal);
    }

    [Fact]
    public void Panels_of_different_ratios_name_them_all_and_one_that_lacks_a_method_does_not_count_against_it()
    {
        var (whole, shorter) = (SampleTables.Of("a", ("lst", 8, Little), ("kvzip", 8, More)), SampleTables.Of("b", ("lst", 4, More), ("kvzip", 4, Much), ("kvzip", 8, Much)));

        Assert.Equal("At each panel's largest common ratio (8:1, 4:1) lst loses least in both panels: 1.0020 to 1.011 × dense perplexity", Verdicts.ByRatio([whole, shorter]));
        Assert.StartsWith("At about 13 % to 25 % of the dense bytes, each panel's smallest common size, lst loses", Verdicts.ByBytes([whole, shorter]), StringComparison.Ordinal);
        Assert.StartsWith("At 8:1 lst loses least in both panels", Verdicts.ByRatio([whole, whole]), StringComparison.Ordinal);
    }

    [Fact]
    public void Doubt_in_one_panel_is_doubt_in_the_title()
    {
        var (sure, unsure) = (SampleTables.Of("a", ("lst", 2, Little), ("kvzip", 2, More)), SampleTables.Of("b", ("lst", 2, Little), ("kvzip", 2, Wavering)));

        Assert.EndsWith("lst loses least in every panel: 1.0020 × dense perplexity; not to be told from kvzip in 1 of 3 panels", Verdicts.ByRatio([sure, unsure, sure]), StringComparison.Ordinal);
    }

    [Fact]
    public void Panels_with_different_winners_name_them()
    {
        var (mine, theirs, unsure) = (SampleTables.Of("a", ("lst", 2, Little), ("kvzip", 2, More)), SampleTables.Of("b", ("lst", 2, More), ("kvzip", 2, Little)), SampleTables.Of("c", ("lst", 2, Little), ("kvzip", 2, Wavering)));

        Assert.Equal("At 2:1 lst loses least in 2 of 3 panels (1.0020 × dense perplexity), kvzip in 1; in 1 of 3 panels the best is not to be told from the next", Verdicts.ByRatio([mine, theirs, unsure]));
    }

    [Fact]
    public void A_method_alone_is_compared_with_dense_only() => Assert.Equal("At 2:1 lst has 1.0020 × dense perplexity", Verdicts.ByRatio([SampleTables.Of("a", ("lst", 2, Little))]));

    [Fact]
    public void Titles_of_the_committed_records_fit_two_lines()
    {
        IReadOnlyList<PerplexityTable>[] shown = [SampleTables.Committed, .. SampleTables.Committed.Select(table => (IReadOnlyList<PerplexityTable>)[table])];

        Assert.All(shown.SelectMany(tables => new[] { Draw.PerplexityByRatio(tables), Draw.Pareto(tables) }), figure =>
        {
            var title = figure.ToPlotlyJson()["layout"]!["title"]!["text"]!.GetValue<string>();
            Assert.InRange(title[..title.IndexOf("</b>", StringComparison.Ordinal)].Split("<br>").Length, 1, 2);
        });
    }
}
