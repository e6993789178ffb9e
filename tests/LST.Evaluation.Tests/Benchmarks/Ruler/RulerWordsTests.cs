using CsCheck;
using LST.Evaluation.Benchmarks.Ruler.Words;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

public class RulerWordsTests
{
    [Fact]
    public void Pairs_are_a_plain_sort_of_the_joined_texts() => Gen.Select(Lists, Lists).Sample((adjectives, nouns) =>
    {
        var plain = adjectives.SelectMany(adjective => nouns.Select(noun => $"{adjective}-{noun}")).Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance);

        return new AdjectiveNounPairs(adjectives, nouns).SequenceEqual(plain);
    });

    [Fact]
    public void Order_is_that_of_code_points() => Gen.Select(Texts, Texts).Sample((a, b) =>
        Math.Sign(CodePointOrder.Instance.Compare(a, b)) == Math.Sign(a.EnumerateRunes().Select(r => r.Value).ToArray().AsSpan().SequenceCompareTo(b.EnumerateRunes().Select(r => r.Value).ToArray())));

    [Fact]
    public void All_pairs_of_the_lists_are_counted_and_in_order()
    {
        var pairs = RulerWords.Pairs;
        var random = new System.Random(1);

        Assert.Equal(6_171_620, pairs.Count);
        Assert.Equal(8_166, RulerWords.All.Count);
        for (var i = 0; i < 20_000; i++)
        {
            var at = random.Next(pairs.Count - 1);
            Assert.True(CodePointOrder.Instance.Compare(pairs[at], pairs[at + 1]) < 0, $"{at}: {pairs[at]}, {pairs[at + 1]}");
        }
    }

    [Theory]
    [InlineData("blue-", "blue-eyed-")]
    [InlineData("old-", "old-fashioned-")]
    [InlineData("teeny-", "teeny-tiny-")]
    public void Adjectives_that_begin_another_mix_with_it(string first, string second)
    {
        var pairs = RulerWords.Pairs;
        var start = Position(first);
        var end = Position(first[..^1] + ".");
        var run = Enumerable.Range(start, end - start).Select(i => pairs[i]).ToList();

        Assert.All(run, text => Assert.StartsWith(first, text, StringComparison.Ordinal));
        Assert.Equal(run.Order(CodePointOrder.Instance), run);
        Assert.Contains(run.SkipWhile(text => !text.StartsWith(second, StringComparison.Ordinal)), text => !text.StartsWith(second, StringComparison.Ordinal));
        Assert.True(CodePointOrder.Instance.Compare(pairs[start - 1], first) < 0);

        // The first pair that does not sort before a text.
        int Position(string text)
        {
            var (low, high) = (0, pairs.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (CodePointOrder.Instance.Compare(pairs[middle], text) < 0) low = middle + 1;
                else high = middle;
            }
            return low;
        }
    }

    [Fact]
    public void An_index_outside_is_refused()
    {
        var pairs = new AdjectiveNounPairs(["a"], ["b"]);

        Assert.Equal("a-b", pairs[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => pairs[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => pairs[-1]);
    }

    // Letters that sort around the hyphen, hyphens themselves, and characters outside of the basic plane.
    private static readonly string[] Characters = ["a", "b", "A", "-", " ", ",", ".", "\ufffd", "\U0001F600", "\ue000"];

    private static Gen<string> Texts => Gen.Int[0, Characters.Length - 1].Select(i => Characters[i]).Array[1, 4].Select(string.Concat);

    private static Gen<string[]> Lists => Texts.Array[1, 12];
}
