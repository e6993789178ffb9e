using LST.Evaluation.Random;

namespace LST.Evaluation.Benchmarks.Ruler.Generators;

/// <summary>What the generators of one run share: settings, the tokenizer's counts, and Python's generator.</summary>
/// <param name="Settings">What is made.</param>
/// <param name="Tokens">Number of tokens of a text, without BOS.</param>
/// <param name="Cancel">Stops between texts.</param>
internal sealed record GeneratorRun(RulerSettings Settings, Func<string, int> Tokens, CancellationToken Cancel)
{
    /// <summary>Python's generator of the run; one for all samples.</summary>
    public PyRandom Random { get; } = new(Settings.Seed);

    /// <summary>The task's template in the model's wrap and its answer prefix.</summary>
    public string Template { get; } = RulerTexts.Full(Settings.Task.Kind, Settings.Wrap);

    /// <summary>Tries of one sample; RULER itself tries for ever.</summary>
    public int MostTries { get; init; } = 1000;

    /// <summary>The smallest size and the steps of the search, when no sample fitted; else null.</summary>
    public (int SmallestSize, IReadOnlyList<RulerSearchStep> Search)? GivenUp { get; set; }

    /// <summary>Whether RULER takes its short steps.</summary>
    public bool IsShort => Settings.MaxLength < RulerSettings.FullLength;

    /// <summary>A fit of texts with the task's reserve into the settings' length.</summary>
    public SizeFit Fit(int step) => new(this, Settings.MaxLength, Settings.Task.NewTokens, step);

    /// <summary>Shuffles by a fresh generator of the run's seed, the same way every time.</summary>
    public void ShuffleFresh<T>(IList<T> items) => new PyRandom(Settings.Seed).Shuffle(items);

    /// <summary>So many random letters, each one of <paramref name="first"/> and the 25 behind it.</summary>
    public string Letters(char first, int count)
    {
        var letters = Enumerable.Range(first, 26).Select(c => (char)c).ToArray();
        return new string(Random.Choices(letters, count));
    }

    /// <summary>Random words of letters: so many, and further ones until so many are different.</summary>
    public List<string> LetterWords(char first, int letters, int count)
    {
        var words = new List<string>(count);
        var different = new HashSet<string>(StringComparer.Ordinal);
        while (words.Count < count || different.Count < count)
        {
            words.Add(Letters(first, letters));
            different.Add(words[^1]);
        }
        return words;
    }

    /// <summary>Three times the size that would fill a length, from the tokens of a text of some size.</summary>
    public int Estimate(int maxLength, MadeText text, int size)
    {
        var perUnit = Tokens(text.Text) / (double)size;
        return (int)(maxLength / perUnit * 3);
    }
}
