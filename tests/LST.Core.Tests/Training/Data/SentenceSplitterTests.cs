using CsCheck;
using LST.Core.Training.Data.Kinds;

namespace LST.Core.Tests.Training.Data;

public class SentenceSplitterTests
{
    [Fact]
    public void Sentences_end_where_a_reader_ends_them() => Assert.Equal(
        ["It rained.", "\"Did it?\"", "Mr. Fox (of the U.S. Navy) paid 3.5 dollars, e.g. Monday!", "(Title)", "Then J. R. Smith left at 5 p.m. and slept.", "3 came."],
        SentenceSplitter.Split("It rained.  \"Did it?\" Mr. Fox (of the U.S. Navy)\npaid 3.5 dollars, e.g. Monday!\n\n(Title)\n \nThen J. R. Smith left at 5 p.m. and slept. 3 came.\n"));

    [Fact]
    public void Nothing_but_white_space_is_lost_and_no_sentence_is_empty_or_long() => Gen.String["aZ1.!?\"' \n()\U0001F600"].Sample(text =>
    {
        var sentences = SentenceSplitter.Split(text);

        Assert.Equal(string.Concat(text.Where(c => !char.IsWhiteSpace(c))), string.Concat(string.Concat(sentences).Where(c => !char.IsWhiteSpace(c))));
        Assert.All(sentences, sentence => Assert.InRange(sentence.Length, 1, SentenceSplitter.MostCharacters));
        Assert.All(sentences, sentence => Assert.Equal(sentence, string.Join(' ', sentence.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))));
    }, iter: 500, threads: 1);

    [Fact]
    public void Text_without_full_stops_gives_pieces_and_tears_no_character()
    {
        var sentences = SentenceSplitter.Split(string.Concat(Enumerable.Repeat("x\U0001F600", 500)) + " " + string.Join(' ', Enumerable.Repeat("word", 300)));

        Assert.All(sentences, sentence => Assert.InRange(sentence.Length, 1, SentenceSplitter.MostCharacters));
        Assert.All(sentences, sentence => Assert.False(char.IsLowSurrogate(sentence[0])));
        Assert.InRange(sentences.Count, 7, 10);
    }
}
