using LST.Core.Text;

namespace LST.Core.Training.Data.Kinds;

/// <summary>Sentences that follow each other in a training text, from a random place.</summary>
internal sealed class SentenceSource(SourceMix mix, ITokenizer tokenizer)
{
    /// <summary>Sentences of a window of at most so many tokens, without the torn ones at both ends, and the text's name.</summary>
    public (IReadOnlyList<string> Sentences, string Source) Draw(SplittableRandom random, int tokens)
    {
        var source = mix.Draw(random);
        var count = Math.Min(tokens, source.Count);
        var window = new long[count];
        source.Copy(random.Below(source.Count - count + 1L), window);
        var sentences = SentenceSplitter.Split(tokenizer.Decode(Array.ConvertAll(window, id => (int)id)));
        return (sentences.Count > 2 ? sentences[1..^1] : sentences, source.Name);
    }
}
