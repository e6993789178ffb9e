using LST.Core;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.Benchmarks.Ruler.Haystacks;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

public class EssayHaystackTests
{
    [Theory]
    [InlineData("One. Two! Three? Four", "One.|Two!|Three?|Four")]
    [InlineData("Mr. Smith and Dr. Who met e.g. Mrs. Brown in the U.S. Army. They left.", "Mr. Smith and Dr. Who met e.g. Mrs. Brown in the U.S. Army.|They left.")]
    [InlineData("He said \"Go.\" Then he went. 7 days later it was over.", "He said \"Go.\"|Then he went.|7 days later it was over.")]
    [InlineData("It is 3.5 m. and ends. not here. \"Yes\" it does.", "It is 3.5 m. and ends. not here.|\"Yes\" it does.")]
    [InlineData("  White \n\n space.\tIs one. ", "White space.|Is one.")]
    public void The_simple_splitter_cuts_behind_stops_before_capitals_digits_and_quotes(string text, string sentences) =>
        Assert.Equal(sentences.Split('|'), EssayHaystack.FromText(text).Sentences(1000)[..sentences.Split('|').Length]);

    [Fact]
    public void A_number_of_words_clips_the_last_sentence_and_keeps_the_borders_before()
    {
        var haystack = EssayHaystack.FromText("One two three. Four five. Six.");

        Assert.Equal(6, haystack.WordCount);
        Assert.Equal(["One"], haystack.Sentences(1));
        Assert.Equal(["One two three.", "Four"], haystack.Sentences(4));
        Assert.Equal(["One two three.", "Four five.", "Six."], haystack.Sentences(6));
        Assert.Equal(["One two three.", "Four five.", "Six.", "One two"], haystack.Sentences(8));
        Assert.Equal(3 * 5, haystack.Sentences(6 * 5).Count);
    }

    [Fact]
    public void Words_of_all_sentences_are_the_first_words()
    {
        var haystack = EssayHaystack.FromText(InventedData.Essays(300));

        for (var words = 1; words < haystack.WordCount; words += 37)
            Assert.Equal(words, haystack.Sentences(words).Sum(InventedData.Words));
    }

    [Fact]
    public void A_table_of_this_text_gives_its_sentences_in_code_points()
    {
        using var folder = new TemporaryFolder();
        var text = folder.Write("essays.txt", "A \U0001F600 smile.[1] And\nmore");
        var other = folder.Write("other.tsv", "0\t5\n6\t9\n");
        var table = folder.Write("table.tsv", "0\t10\n10\t13\n14\t22\n");

        var haystack = EssayHaystack.Read(text, [other, table]);

        Assert.Equal("nltk-table", haystack.SentenceSplitter);
        Assert.Equal(["A \U0001F600 smile.", "[1]", "And more"], haystack.Sentences(5));
        Assert.Equal("simple", EssayHaystack.Read(text, [other]).SentenceSplitter);
        Assert.Equal("other", haystack.Name);
    }

    [Theory]
    [InlineData("0\t1\n2 3\n", "line 2")]
    [InlineData("5\t5\n", "line 1")]
    [InlineData("-1\t5\n", "line 1")]
    public void A_damaged_table_is_refused(string content, string place)
    {
        using var folder = new TemporaryFolder();
        var text = folder.Write("essays.txt", "Some words. And others.");
        var table = folder.Write("table.tsv", content);

        Assert.Contains(place, Assert.Throws<DataException>(() => EssayHaystack.Read(text, [table])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_haystack_of_the_shared_data_is_found_with_NLTKs_borders()
    {
        Shared.Require("goldens/ruler/haystack-sentences.tsv");
        var essays = RulerData.FromFolders([new DataFolder("shared", Shared.Require("data"))]).Essays;

        Assert.Equal(("pg49", "nltk-table", 111_914), (essays.Name, essays.SentenceSplitter, essays.WordCount));
        Assert.Equal(5733, essays.Sentences(essays.WordCount).Count);
    }
}
