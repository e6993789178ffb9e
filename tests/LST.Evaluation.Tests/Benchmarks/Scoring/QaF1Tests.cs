using CsCheck;
using LST.Evaluation.Benchmarks.Scoring;

namespace LST.Evaluation.Tests.Benchmarks.Scoring;

public class QaF1Tests
{
    private static readonly Gen<string> Answers = Gen.OneOf("the ", "a ", "An", "cat ", "Cat. ", "7 ", "\u2019s ", "é", "e\u0301 ", "İ ", ". ", "\u3000", "_a ", "😀 ").Array[0, 10].Select(string.Concat);

    [Theory]
    [InlineData("The cat sat.", "a cat sat on the mat", 2 / 3.0)]
    [InlineData("7 7 7", "7", 0.5)]
    [InlineData("1st 2nd 3rd", "1st 3rd", 0.8)]
    [InlineData("A. The first option", "first option", 1)]
    [InlineData("", "", 0)]
    public void The_worked_examples_hold(string prediction, string reference, double score) => Assert.Equal(score, QaF1.Of(prediction, reference), 1e-12);

    [Theory]
    [InlineData("semi-conductor", "semiconductor")]
    [InlineData("A. The x", "x")]
    [InlineData("the_cat An\u0301 a", "thecat \u0301")]
    [InlineData("“a”\u001cb", "“ ” b")]
    [InlineData("Don't\u00a0go", "dont go")]
    public void Normalized_is_lower_case_without_punctuation_and_whole_articles(string text, string expected) => Assert.Equal(expected, AnswerText.Normalize(text));

    [Fact]
    public void Chinese_loses_both_punctuations_and_all_space_but_single_brackets() => Assert.Equal("〈中文《a", AnswerText.NormalizeChinese("〈中 文》《A。…—"));

    [Fact]
    public void Words_of_Chinese_that_are_punctuation_do_not_count() => Assert.Equal(1, QaF1.OfChinese(["北京", "。", " "], ["北京"]));

    [Fact]
    public void Lies_between_0_and_1_is_symmetric_and_1_for_itself() => Gen.Select(Answers, Answers).Sample((left, right) =>
    {
        var score = QaF1.Of(left, right);
        Assert.InRange(score, 0, 1);
        Assert.Equal(score, QaF1.Of(right, left), 1e-12);
        Assert.Equal(AnswerText.Normalize(left).Length > 0 ? 1 : 0, QaF1.Of(left, left));
    });

    [Fact]
    public void Case_and_spacing_change_nothing() => Gen.Select(Answers, Answers).Sample((left, right) =>
        Math.Abs(QaF1.Of(left, right) - QaF1.Of("  " + left.Replace(" ", " \n ", StringComparison.Ordinal) + "\t", right)) < 1e-12);
}
