using System.Globalization;

namespace LST.Core.Training.Data.Kinds;

/// <summary>Aggregation over the whole context: the words of a list that come up most often, and the most frequent words of a coded text.</summary>
internal static class WordTasks
{
    private const double RiemannZetaOfTwo = Math.PI * Math.PI / 6;

    /// <summary>A numbered list in which some words come up more often; the size is the number of the other words.</summary>
    public static RulerDraft Common(SplittableRandom random, int prefix)
    {
        var commonCount = random.Between(3, 10);
        var often = random.Between(4, 8);
        var seldom = random.Between(1, often / 2);
        // Every word of the list costs at least three tokens: number, full stop, word.
        var most = Math.Min(GeneratedWords.AllWords.Count / 2, prefix / 3);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var common = GeneratedWords.Distinct(commonCount, () => random.Choose(GeneratedWords.AllWords), taken);
        var others = GeneratedWords.Distinct(most, () => random.Choose(GeneratedWords.AllWords), taken);
        var orders = random.Split("order");
        return new RulerDraft(commonCount, most, size =>
        {
            var list = Repeated(common, often).Concat(Repeated(others.Take(size), seldom)).ToArray();
            orders.Split((ulong)size).Shuffle(list.AsSpan());
            var numbered = string.Join(' ', list.Select((word, i) => string.Create(CultureInfo.InvariantCulture, $"{i + 1}. {word}")));
            // The order of the answer can be learned because it is that of the list.
            var answer = list.Distinct().Where(common.Contains);
            var question = $"\nWhich {commonCount} words come up most often in the list above?\nThe {commonCount} words that come up most often in the list above are:";
            return ($"In this numbered list of words some come up more often than others. Keep in mind which.\n{numbered}",
                new QuestionPart(question, $" {string.Join(", ", answer)}"));
        });
    }

    /// <summary>Coded words whose k-th has a share of k⁻²/ζ(2), the first being dots; the size is the number of words.</summary>
    public static RulerDraft Frequent(SplittableRandom random, int prefix)
    {
        var vocabulary = GeneratedWords.Distinct(Math.Max(8, prefix / 50), () => GeneratedWords.Letters(random, 'a', 6), []);
        vocabulary[0] = "...";
        var orders = random.Split("order");
        var question = new QuestionPart(
            "\nWhich three coded words are the most frequent in the text above, dots aside?\nThe three most frequent coded words in the text above are:",
            $" {string.Join(' ', vocabulary[1..4])}");
        // From 53 words on, the counts of ranks 2 to 5 all differ, so the answer is one.
        return new RulerDraft(64, Math.Max(64, prefix), size =>
        {
            var words = vocabulary.SelectMany((word, rank) => Enumerable.Repeat(word, (int)(size / RiemannZetaOfTwo / ((rank + 1.0) * (rank + 1))))).ToArray();
            orders.Split((ulong)size).Shuffle(words.AsSpan());
            // Its own last sentence: dots at the end would merge with the question's line feed in many tokenizers.
            return ($"This is a coded text. Keep track of how often each coded word comes up. {string.Join(' ', words)} The text ends here.", question);
        });
    }

    private static IEnumerable<string> Repeated(IEnumerable<string> words, int times) => words.SelectMany(word => Enumerable.Repeat(word, times));
}
