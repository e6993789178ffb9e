using CsCheck;
using LST.Evaluation.Benchmarks.Ruler;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

public class RulerScoreTests
{
    [Fact]
    public void All_counts_each_reference_and_part_asks_for_one()
    {
        string[] references = ["1234567", "7654321"];

        Assert.Equal(0.5, RulerScore.Of(RulerTasks.Find("niah_multivalue"), "It is 1234567.", references));
        Assert.Equal(1, RulerScore.Of(RulerTasks.Find("qa_1"), "It is 1234567.", references));
        Assert.Equal(1, RulerScore.Of(RulerTasks.Find("qa_2"), "YES, it is", ["yes"]));
        Assert.Equal(0, RulerScore.Of(RulerTasks.Find("vt"), "", ["ABCDE"]));
    }

    [Fact]
    public void Scores_lie_between_0_and_1_and_a_text_with_all_references_has_1() =>
        Gen.Select(Gen.String, Gen.String.Array[1, 5]).Sample((prediction, references) =>
        {
            var (all, part) = (RulerScore.MatchAll(prediction, references), RulerScore.MatchPart(prediction, references));
            return all is >= 0 and <= 1 && part == (all > 0 ? 1 : 0);
        });

    [Fact]
    public void Cleaning_replaces_control_characters_or_deletes_them()
    {
        Assert.Equal("a\n\nb", RulerScore.Clean(" \u0000a\t\u001fb\r\n"));
        Assert.Equal("ab", RulerScore.CleanAsKvpress(" \u0000a\t\u001fb\r\n"));
    }

    [Theory]
    [InlineData(1, 800, 0.12)]
    [InlineData(3, 800, 0.38)]
    [InlineData(1, 3, 33.33)]
    [InlineData(2, 3, 66.67)]
    [InlineData(1, 1, 100)]
    [InlineData(0, 7, 0)]
    public void Percents_are_rounded_to_two_decimals_and_halves_to_the_even_digit(int right, int items, double percent) =>
        Assert.Equal(percent, RulerScore.Percent([.. Enumerable.Range(0, items).Select(i => i < right ? 1.0 : 0.0)]));

    [Fact]
    public void An_average_weighs_tasks_equally() => Assert.Equal(50, RulerScore.Average([100, 0, 50]));

    [Fact]
    public void Depths_divide_first()
    {
        Assert.Equal([0, 11, 22, 33, 44, 56, 67, 78, 89, 100], DepthGrid.Points(0, 100, 10));
        Assert.Equal([5], DepthGrid.Points(5, 100, 1));
        Assert.Equal((40, 122), (DepthGrid.Forty.Count, DepthGrid.CutPoint(150, 82)));
    }

    [Theory]
    [InlineData(2, 1.6449340668482264)]
    [InlineData(3, 1.2020569031595942)]
    [InlineData(1.5, 2.612375348685488)]
    [InlineData(4, 1.0823232337111382)]
    public void Zeta_is_Riemanns(double s, double value) => Assert.Equal(value, LST.Evaluation.Benchmarks.Ruler.Generators.FrequentWordsGenerator.Zeta(s), 1e-12);
}
