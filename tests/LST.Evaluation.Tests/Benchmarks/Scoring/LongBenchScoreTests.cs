using CsCheck;
using LST.Core;
using LST.Evaluation.Benchmarks.Scoring;

namespace LST.Evaluation.Tests.Benchmarks.Scoring;

public class LongBenchScoreTests
{
    private static readonly string[] Classes =
        ["Food", "Date", "Date of birth", "Number of something", "Other number", "Number", "Person", "Individual", "Group or organization of person", "Description of a person"];

    [Theory]
    [InlineData("Date of birth", "Date", 0.5)]
    [InlineData("Date", "Date of birth", 0)]
    [InlineData("Number of something Number Date", "Number of something", 0.5)]
    [InlineData("nothing", "Food", 0)]
    public void Classes_are_taken_out_while_the_list_is_walked(string prediction, string reference, double score) => Assert.Equal(score, Classification.Of(prediction, reference, Classes));

    [Theory]
    [InlineData("03", "Paragraph 3", 0)]
    [InlineData("3 or 4", "Paragraph x, Paragraph 3", 0.5)]
    [InlineData("a3b3", "see Paragraph 3.", 1)]
    [InlineData("none", "Paragraph 3", 0)]
    [InlineData("３", "Paragraph 3", 0)]
    public void A_paragraph_is_its_digits_as_text(string prediction, string reference, double score) => Assert.Equal(score, NumberShare.OfParagraph(prediction, reference));

    [Fact]
    public void An_answer_without_a_paragraph_is_broken_data() =>
        Assert.Contains("'段落'", Assert.Throws<DataException>(() => NumberShare.OfChineseParagraph("1", "Paragraph 1")).Message, StringComparison.Ordinal);

    [Fact]
    public void Shares_of_numbers_add_up() => Gen.Int[0, 30].Array[1, 8].Sample(numbers =>
        Math.Abs(numbers.Distinct().Sum(n => NumberShare.Of(string.Join(" and ", numbers), $"{n}")) - 1) < 1e-12);

    [Theory]
    [InlineData("trec", "\n\nFood\nQuestion", "Food")]
    [InlineData("samsum", "  x\ny", "  x")]
    [InlineData("hotpotqa", "\nx\ny", "\nx\ny")]
    public void Four_tasks_keep_the_first_line(string task, string generated, string answer) => Assert.Equal(answer, LongBenchScore.Answer(task, generated));

    [Fact]
    public void The_best_answer_counts_and_none_scores_0()
    {
        Assert.Equal(1, LongBenchScore.Item("qasper", "an LSTM", ["LSTM", "a biLSTM"]));
        Assert.Equal(0, LongBenchScore.Item("qasper", "an LSTM", []));
    }

    [Fact]
    public void There_are_21_tasks_each_with_a_metric()
    {
        Assert.Equal(21, LongBenchScore.Tasks.Count);
        Assert.Equal(7, LongBenchScore.Tasks.Count(task => LongBenchScore.MetricOf(task) == LongBenchMetric.QaF1));
        Assert.Contains("repobench-p", Assert.Throws<UsageException>(() => LongBenchScore.MetricOf("repobench")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Chinese_words_need_something_that_cuts_them()
    {
        var cut = new LongBenchOptions { ChineseWords = text => [.. text.Select(c => c.ToString())] };

        Assert.Contains("'vcsum'", Assert.Throws<DataException>(() => LongBenchScore.Item("vcsum", "北京", ["北京"])).Message, StringComparison.Ordinal);
        Assert.Equal(1, LongBenchScore.Item("vcsum", "北京", ["北京"], null, cut), 1e-6);
        Assert.Equal(1, LongBenchScore.Item("multifieldqa_zh", "北京。", ["北京"], null, cut));
    }

    [Fact]
    public void A_classification_without_classes_is_broken_data() =>
        Assert.Contains("all_classes", Assert.Throws<DataException>(() => LongBenchScore.Item("trec", "Food", ["Food"])).Message, StringComparison.Ordinal);

    [Fact]
    public void Lengths_part_at_four_and_eight_thousand_words()
    {
        var (below4k, below8k, rest) = LongBenchScore.PercentByLength([1, 0, 1 / 3.0, 1, 1], [3999, 4000, 7999, 8000, 9000]);

        Assert.Equal((100, 16.67, 100), (below4k, below8k, rest));
        Assert.Equal(double.NaN, LongBenchScore.PercentByLength([1], [1]).From8k);
    }
}
