using LST.Core;
using LST.Evaluation.Benchmarks.Ruler.Words;

namespace LST.Evaluation.Benchmarks.Ruler.Generators;

/// <summary>Common words (<c>cwe</c>): a numbered list in which ten words come more often than the others, behind a solved shorter one.</summary>
internal sealed class CommonWordsGenerator : ITextGenerator
{
    private const int Common = 10, Step = 10, EstimateWords = 4096;

    private readonly GeneratorRun run;
    private readonly RulerData data;
    private readonly string[] words;
    private readonly SizeFit fit;

    public CommonWordsGenerator(GeneratorRun run, RulerData data)
    {
        this.run = run;
        this.data = data;
        words = [.. RulerWords.All];
        run.ShuffleFresh(words);
        fit = run.Fit(Step);
        var perWord = run.Tokens(Make(EstimateWords).Text) / (double)EstimateWords;
        fit.Search((int)FloorDivide(run.Settings.MaxLength, perWord) * 2, Make);
    }

    public int? Size => fit.Size;

    public IReadOnlyList<RulerSearchStep> Search => fit.Steps;

    public (MadeText Text, int Length)? Next() => fit.Fitting(Make);

    private MadeText Make(int size)
    {
        var (shot, shotAnswers) = run.IsShort ? List(20, 3, 1) : List(40, 10, 3);
        var (list, answers) = run.IsShort ? List(size, 6, 1) : List(size, 30, 3);
        return new MadeText($"{Fill(shot)} {Numbered(shotAnswers)}\n{Fill(list)}", answers);
    }

    /// <summary>Draws words, the first ten of them common, and repeats each kind.</summary>
    private (string List, string[] Common) List(int count, int commonRepeats, int otherRepeats)
    {
        var drawn = run.Random.Sample(count <= words.Length ? words : LargerList(count), count);
        var (common, others) = (drawn[..Common], drawn[Common..]);
        string[] list = [.. Enumerable.Repeat(common, commonRepeats).SelectMany(w => w), .. Enumerable.Repeat(others, otherRepeats).SelectMany(w => w)];
        run.ShuffleFresh(list);
        return (Numbered(list), common);
    }

    private IReadOnlyList<string> LargerList(int count) => count <= data.EnglishWords.Count ? data.EnglishWords
        : throw new DataException($"RULER's {run.Settings} asks for {count} different words, but its larger list has {data.EnglishWords.Count}; take a smaller length.");

    private string Fill(string list) => RulerTexts.Fill(run.Template, ("context", list), ("query", ""), ("num_cw", $"{Common}"));

    private static string Numbered(IEnumerable<string> words) => string.Join(' ', words.Select((word, i) => $"{i + 1}. {word}"));

    // Python's a // b of doubles, which is not always the floor of the rounded quotient.
    private static double FloorDivide(double a, double b)
    {
        var quotient = (a - (a % b)) / b;
        var floor = Math.Floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }
}
