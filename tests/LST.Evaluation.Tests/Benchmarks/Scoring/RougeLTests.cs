using CsCheck;
using LST.Evaluation.Benchmarks.Scoring;

namespace LST.Evaluation.Tests.Benchmarks.Scoring;

public class RougeLTests
{
    private static readonly Gen<string> Texts = Gen.OneOf("a", "b", "c", " ", " ", ".", ". ", "\n", "dd ").Array[0, 24].Select(string.Concat);

    private static readonly Gen<int[]> Sequences = Gen.Int[0, 4].Array[0, 9];

    [Theory]
    [InlineData("the the the", "the", 1)]
    [InlineData("a. ", "a", 2 / 3.0)]
    [InlineData("a b c d e", "e d c b a", 0.2)]
    [InlineData("s1 a. s2 b. s3 c", "s3 c. s2 b. s1 a", 1)]
    [InlineData("U.S. economy", "U.S. economy grew", 6 / 7.0)]
    [InlineData("", "a", 0)]
    [InlineData("...", "a", 0)]
    public void The_worked_examples_hold(string prediction, string reference, double score) => Assert.Equal(score, RougeL.Of(prediction, reference), 1e-7);

    // Of the pair's two common words that are alike in length the way back takes the one that keeps the reference: "b".
    [Fact]
    public void Ties_shorten_the_prediction()
    {
        var found = new HashSet<int>();

        Assert.True(CommonSubsequence.Collect([0, 1], [1, 0], found, int.MaxValue));

        Assert.Equal([1], found);
    }

    [Theory]
    [InlineData(990, 1)]
    [InlineData(991, 0)]
    public void More_steps_than_the_interpreter_allows_score_nothing(int words, double score)
    {
        var text = string.Join(' ', Enumerable.Range(0, words));

        Assert.Equal(score, RougeL.Of(text, text), 1e-6);
        Assert.Equal(1, RougeL.Of(text, text, mostSteps: null), 1e-6);
    }

    [Fact]
    public void Steps_are_counted_for_each_pair_and_on_both_sides()
    {
        var sentence = string.Join(' ', Enumerable.Range(0, 600));
        string Ending(string word) => $"{sentence} {string.Join(' ', Enumerable.Range(0, 300).Select(i => $"{word}{i}"))}";

        // Two pairs of 600 steps each, then one of 300 + 300 + 600.
        Assert.Equal(1, RougeL.Of($"{sentence}. {sentence}", sentence), 1e-6);
        Assert.Equal(0, RougeL.Of(Ending("p"), Ending("r")));
        Assert.Equal(2 / 3.0, RougeL.Of(Ending("p"), Ending("r"), mostSteps: 1200), 1e-6);
        Assert.Equal(0, RougeL.Of(Ending("p"), Ending("r"), mostSteps: 1199));
    }

    [Fact]
    public void The_Chinese_limit_is_one_step_lower()
    {
        string[] words = [.. Enumerable.Range(0, 990).Select(i => $"w{i}")];

        Assert.Equal(0, RougeL.OfChinese(words, words));
        Assert.Equal(1, RougeL.OfChinese(words[1..], words[1..]), 1e-6);
    }

    [Fact]
    public void Lies_between_0_and_1_and_is_1_for_itself() => Gen.Select(Texts, Texts).Sample((left, right) =>
    {
        Assert.InRange(RougeL.Of(left, right), 0, 1);
        Assert.Equal(left.Any(c => c != '.') ? 1 : 0, RougeL.Of(left, left), 1e-8);
    });

    // Which of several longest subsequences is taken depends on the side, so that both directions agree for one sentence of different words only.
    [Fact]
    public void Is_symmetric_for_sentences_of_different_words() => Gen.Select(Gen.Shuffle(new[] { "a", "b", "c", "d", "e" }), Gen.Int[1, 5]).Sample((words, count) =>
        Math.Abs(RougeL.Of("a b c d e", string.Join(' ', words[..count])) - RougeL.Of(string.Join(' ', words[..count]), "a b c d e")) < 1e-12);

    [Fact]
    public void Lengths_are_those_of_a_naive_search() => Gen.Select(Sequences, Sequences).Sample((x, y) => CommonSubsequence.Length(x, y) == Naive(x, y));

    [Fact]
    public void What_is_collected_is_a_common_subsequence_of_the_greatest_length() => Gen.Select(Sequences, Sequences).Sample((x, y) =>
    {
        // Numbered apart, so that a set counts each place of x.
        int[] apart = [.. x.Distinct()];
        var found = new HashSet<int>();
        CommonSubsequence.Collect(apart, y, found, int.MaxValue);
        return found.Count == Naive(apart, y) && found.All(y.Contains);
    });

    private static int Naive(ReadOnlySpan<int> x, ReadOnlySpan<int> y) => x.IsEmpty || y.IsEmpty ? 0
        : x[0] == y[0] ? 1 + Naive(x[1..], y[1..]) : Math.Max(Naive(x[1..], y), Naive(x, y[1..]));
}
