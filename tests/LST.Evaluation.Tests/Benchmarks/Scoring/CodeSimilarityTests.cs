using CsCheck;
using LST.Evaluation.Benchmarks.Scoring;

namespace LST.Evaluation.Tests.Benchmarks.Scoring;

public class CodeSimilarityTests
{
    private static readonly Gen<string> Lines = Gen.OneOf('a', 'b', ' ', '(', ')', '=').Array[0, 30].Select(characters => new string(characters));

    [Theory]
    [InlineData("x = foo(1)\n", "x = foo(2)", 0.9)]
    [InlineData("```python\nreturn x\n```", "return x", 1)]
    [InlineData("", "x", 0)]
    [InlineData("", "", 1)]
    [InlineData("# a\n// b\n`c`", "", 1)]
    public void The_worked_examples_hold_for_both_back_ends(string prediction, string reference, double score)
    {
        Assert.Equal(score, CodeSimilarity.Of(prediction, reference));
        Assert.Equal(score, CodeSimilarity.Of(prediction, reference, CodeBackend.Levenshtein));
    }

    [Theory]
    [InlineData("\n\n# comment\nx = 1 // no\n\ny = 2", "")]
    [InlineData("\n\nreturn x\nreturn y", "return x")]
    [InlineData("a\r\nb", "a\r")]
    public void The_first_line_without_marks_counts_even_an_empty_one(string prediction, string line) => Assert.Equal(line, CodeSimilarity.FirstCodeLine(prediction));

    [Theory]
    [InlineData(199, 100)]
    [InlineData(200, 100)]
    public void Equal_lines_are_equal_however_long(int length, int ratio) => Assert.Equal(ratio, CodeSimilarity.Ratio(new string('a', length), new string('a', length), CodeBackend.Difflib));

    [Fact]
    public void Frequent_characters_of_a_long_line_only_extend_blocks()
    {
        // From 200 characters on. Without passing over them the block of 199 a's would match.
        Assert.Equal(0, CodeSimilarity.Ratio("b" + new string('a', 199), new string('a', 200), CodeBackend.Difflib));
        Assert.Equal(99, CodeSimilarity.Ratio("b" + new string('a', 198), new string('a', 199), CodeBackend.Difflib));
    }

    [Fact]
    public void A_half_is_rounded_to_even()
    {
        // 2 · 1 / 400 of 100 is 0.5, 2 · 3 / 400 is 1.5.
        Assert.Equal(0, CodeSimilarity.Ratio("x" + new string('a', 199), "x" + new string('b', 199), CodeBackend.Levenshtein));
        Assert.Equal(2, CodeSimilarity.Ratio("xyz" + new string('a', 197), "xyz" + new string('b', 197), CodeBackend.Levenshtein));
    }

    [Fact]
    public void Code_points_are_compared_and_not_halves_of_pairs() => Assert.Equal(50, CodeSimilarity.Ratio("😀a", "😁a", CodeBackend.Levenshtein));

    [Fact]
    public void Blocks_match_no_more_than_the_longest_common_subsequence() => Gen.Select(Lines, Lines).Sample((a, b) =>
    {
        var (difflib, levenshtein) = (CodeSimilarity.Ratio(a, b, CodeBackend.Difflib), CodeSimilarity.Ratio(a, b, CodeBackend.Levenshtein));
        return difflib is >= 0 and <= 100 && difflib <= levenshtein && CodeSimilarity.Ratio(a, a, CodeBackend.Difflib) == 100;
    });

    [Fact]
    public void Blocks_of_short_lines_are_those_of_a_naive_search() => Gen.Select(Lines, Lines).Sample((a, b) =>
        MatchingBlocks.Length([.. a.Select(c => (int)c)], [.. b.Select(c => (int)c)]) == Naive(a, b));

    private static int Naive(string a, string b)
    {
        var (bestA, bestB, best) = (0, 0, 0);
        for (var i = 0; i < a.Length; i++)
            for (var j = 0; j < b.Length; j++)
            {
                var length = a.AsSpan(i).CommonPrefixLength(b.AsSpan(j));
                if (length > best) (bestA, bestB, best) = (i, j, length);
            }
        return best == 0 ? 0 : Naive(a[..bestA], b[..bestB]) + best + Naive(a[(bestA + best)..], b[(bestB + best)..]);
    }
}
