using LST.Core;

namespace LST.Evaluation.Benchmarks.Ruler.Generators;

/// <summary>The search for the largest size that fits, and the retries of samples that came out too long.</summary>
/// <param name="run">What is made, for its tokens and messages.</param>
/// <param name="limit">Most tokens of a text and its reserve.</param>
/// <param name="reserve">Tokens kept for the answer.</param>
/// <param name="step">Smallest size, and what a retry takes off.</param>
internal sealed class SizeFit(GeneratorRun run, int limit, int reserve, int step)
{
    private readonly List<RulerSearchStep> steps = [];
    private int? found;

    /// <summary>The size that the search found; the smallest where none fitted.</summary>
    public int Size => found ?? step;

    /// <summary>The steps of the search.</summary>
    public IReadOnlyList<RulerSearchStep> Steps => steps;

    /// <summary>Halves the sizes from the smallest to the estimate (at least twice the smallest); every trial draws.</summary>
    /// <param name="estimate">A size that is too large.</param>
    /// <param name="make">Makes a text of a size.</param>
    /// <param name="extra">Tokens that a sample has besides.</param>
    public void Search(int estimate, Func<int, MadeText?> make, int extra = 0)
    {
        var (low, high) = (step, Math.Max(estimate, 2 * step));
        while (low <= high)
        {
            var middle = (int)(((long)low + high) / 2);
            var length = Length(make(middle), extra);
            steps.Add(new(middle, length, limit));
            if (length > limit)
            {
                high = middle - 1;
                continue;
            }
            found = middle;
            low = middle + 1;
        }
    }

    /// <summary>A text that fits: of the size found, else of smaller and smaller ones.</summary>
    /// <param name="make">Makes a text of a size; null: it cannot be made.</param>
    /// <exception cref="DataException">None did within <see cref="GeneratorRun.MostTries"/>.</exception>
    public (MadeText Text, int Length) Fitting(Func<int, MadeText?> make)
    {
        var (size, least) = (Size, int.MaxValue);
        for (var i = 0; i < run.MostTries; i++)
        {
            var text = make(size);
            var length = Length(text, 0);
            if (text is not null && length <= limit) return (text, length);
            least = Math.Min(least, length);
            if (size > step) size -= step;
        }
        run.GivenUp = (step, steps);
        var shortest = least == int.MaxValue ? "none could be made" : $"the shortest took {least}";
        throw new DataException($"RULER's {run.Settings} can never be made with this tokenizer: a sample and its answer may take {limit} tokens, but of {run.MostTries} down to size {size} {shortest}; " +
            $"take a larger length{Remedy()}.");
    }

    private string Remedy()
    {
        var other = RulerVariants.Of(run.Settings.Task).FirstOrDefault(variant => variant != RulerVariant.Reference);
        return other == RulerVariant.Reference || other == run.Settings.Variant ? "" : $" or the variant '{other.Name()}'";
    }

    private int Length(MadeText? text, int extra)
    {
        run.Cancel.ThrowIfCancellationRequested();
        return text is null ? int.MaxValue : run.Tokens(text.Text) + extra + reserve;
    }
}
