using CsCheck;
using LST.Evaluation.Benchmarks.Scoring;

namespace LST.Evaluation.Tests.Benchmarks.Scoring;

public class NeedleScoreTests
{
    // Stems of NLTK 3.8 in its default mode.
    [Theory]
    [InlineData("dies", "die")]
    [InlineData("flies", "fli")]
    [InlineData("died", "die")]
    [InlineData("spied", "spi")]
    [InlineData("happy", "happi")]
    [InlineData("enjoy", "enjoy")]
    [InlineData("fly", "fli")]
    [InlineData("by", "by")]
    [InlineData("geology", "geolog")]
    [InlineData("skies", "sky")]
    [InlineData("Sky", "ski")]
    [InlineData("proceed", "proceed")]
    [InlineData("radically", "radic")]
    [InlineData("hopefully", "hope")]
    [InlineData("use", "use")]
    [InlineData("hopping", "hop")]
    [InlineData("falling", "fall")]
    [InlineData("fizzed", "fizz")]
    [InlineData("filing", "file")]
    [InlineData("agreed", "agre")]
    [InlineData("feed", "feed")]
    [InlineData("controlling", "control")]
    [InlineData("roll", "roll")]
    [InlineData("adoption", "adopt")]
    [InlineData("replacement", "replac")]
    [InlineData("oed", "o")]
    [InlineData("syzygy", "syzygi")]
    [InlineData("SANDWICHES", "sandwich")]
    public void Stems_are_NLTKs(string word, string stem) => Assert.Equal(stem, PorterStemmer.Stem(word));

    [Fact]
    public void Every_string_of_suffixes_has_a_stem_that_is_no_longer() => Gen.OneOf("a", "e", "y", "l", "s", "ing", "ed", "ation", "alli", "logi", "ies", "b", "z").Array[0, 6].Select(string.Concat).Sample(word =>
        PorterStemmer.Stem(word).Length <= word.Length);

    [Fact]
    public void A_perfect_answer_has_seven_points_and_every_word()
    {
        const string response = "eat a sandwich and sit in Dolores Park on a sunny day.";

        Assert.Equal(7.272727, NeedleScore.Rouge1Times10(response), 1e-6);
        Assert.Equal(1, NeedleScore.WordOverlap(response));
        Assert.True(NeedleScore.Passes(response));
    }

    [Theory]
    [InlineData("Eat a SANDWICH in dolores PARK", true)]
    [InlineData("a sandwich in Dolores  Park", false)]
    [InlineData("", false)]
    public void A_response_passes_with_both_words(string response, bool passes) => Assert.Equal(passes, NeedleScore.Passes(response));

    [Fact]
    public void Punctuation_is_part_of_an_expected_word() => Assert.Equal(10 / 11.0, NeedleScore.WordOverlap("eat a sandwich and sit in Dolores Park on a sunny day"));

    [Fact]
    public void The_needle_itself_has_all_points() => Assert.Equal(10, NeedleScore.Rouge1Times10(NeedleScore.Needle));

    [Fact]
    public void Sizes_are_the_listed_ones()
    {
        Assert.Equal(524_288, new KeyValueBytes(32, 32, 128, 1).Bytes);
        Assert.Equal(2.147483648, new KeyValueBytes(32, 32, 128, 4096).Gigabytes, 1e-12);
        Assert.Equal(4, new KeyValueBytes(32, 8, 128, 32_768).Gibibytes);
        Assert.Throws<OverflowException>(() => new KeyValueBytes(int.MaxValue, int.MaxValue, 128, 4096).Bytes);
    }
}
