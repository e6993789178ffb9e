using LST.Core;

namespace LST.Evaluation.Benchmarks.Ruler.Generators;

/// <summary>Frequent coded words (<c>fwe</c>): letters' words whose counts follow a zeta distribution; the most frequent one is written as dots and does not count.</summary>
internal sealed class FrequentWordsGenerator : ITextGenerator
{
    private const int Letters = 6, TokensPerWord = 50, Asked = 3, FewestWords = 2;

    private readonly GeneratorRun run;
    private readonly int limit, step, start;
    private readonly double total;

    public FrequentWordsGenerator(GeneratorRun run)
    {
        this.run = run;
        limit = run.Settings.MaxLength - run.Settings.Task.NewTokens;
        step = limit / 32;
        if (limit / TokensPerWord < FewestWords)
        {
            throw new DataException($"RULER's {run.Settings} can never be made: one coded word is taken for {TokensPerWord} tokens beside the {run.Settings.Task.NewTokens} of the answer and two are the fewest; " +
                $"take a length of {(FewestWords * TokensPerWord) + run.Settings.Task.NewTokens} or more.");
        }
        total = Zeta(run.Settings.Task.Alpha);
        start = Count();
    }

    public int? Size => null;

    public IReadOnlyList<RulerSearchStep> Search => [];

    public (MadeText Text, int Length)? Next()
    {
        var vocabulary = Vocabulary();
        for (var (count, tries) = (start, 0); tries < run.MostTries && count > 0; count -= step, tries++)
        {
            var text = Make(vocabulary, count);
            var tokens = Tokens(text);
            if (tokens <= limit) return (text, tokens + run.Settings.Task.NewTokens);
        }
        throw new DataException($"RULER's {run.Settings} can never be made with this tokenizer: a sample may take {limit} tokens without its answer, but even the shortest takes more; take a larger length.");
    }

    /// <summary>Riemann's zeta function for <paramref name="s"/> above 1: 1,000 terms and Euler and Maclaurin's formula for the rest.</summary>
    internal static double Zeta(double s)
    {
        if (s == 2) return Math.PI * Math.PI / 6;
        const int Terms = 1000;
        var sum = 0.0;
        for (var k = Terms - 1; k >= 1; k--) sum += Math.Pow(k, -s);
        var last = Math.Pow(Terms, -s);
        return sum + (last * Terms / (s - 1)) + (last / 2) + (s * last / Terms / 12);
    }

    // Words of the first text that fills the limit, and one step back.
    private int Count()
    {
        var vocabulary = Vocabulary();
        var count = limit / Letters;
        for (var length = Tokens(Make(vocabulary, count)); length < limit; length = Tokens(Make(vocabulary, count)))
        {
            if (count > 64L * limit)
                throw new DataException($"RULER's {run.Settings} can never be made with this tokenizer: {count} coded words take no more than {length} tokens; give another tokenizer.");
            count += step;
        }
        return count - step;
    }

    private string[] Vocabulary()
    {
        var count = limit / TokensPerWord;
        string[] words = [.. run.LetterWords('a', Letters, count).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        run.ShuffleFresh(words);
        words[0] = "...";
        return words;
    }

    private MadeText Make(string[] vocabulary, int count)
    {
        var words = new List<string>(count);
        for (var rank = 1; rank <= vocabulary.Length; rank++)
            words.AddRange(Enumerable.Repeat(vocabulary[rank - 1], (int)(count * Math.Pow(rank, -run.Settings.Task.Alpha) / total)));
        run.ShuffleFresh(words);
        return new MadeText(RulerTexts.Fill(run.Template, ("context", string.Join(' ', words)), ("query", "")), vocabulary.Skip(1).Take(Asked).ToArray());
    }

    private int Tokens(MadeText text)
    {
        run.Cancel.ThrowIfCancellationRequested();
        return run.Tokens(text.Text);
    }
}
