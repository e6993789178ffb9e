using System.Globalization;
using System.Text;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>RULER's scoring of predictions.</summary>
public static class RulerScore
{
    /// <summary>RULER's clean-up of a prediction: trimmed, control characters U+0000 to U+001F become line feeds, trimmed.</summary>
    public static string Clean(string prediction) => PyText.Strip(Controls(PyText.Strip(prediction), '\n'));

    /// <summary>kvpress' clean-up: as <see cref="Clean"/>, but control characters are deleted.</summary>
    public static string CleanAsKvpress(string prediction) => PyText.Strip(Controls(PyText.Strip(prediction), null));

    /// <summary>The score of one item, 0 to 1, of a cleaned prediction: the task's own match.</summary>
    public static double Of(RulerTask task, string prediction, IReadOnlyList<string> references) =>
        task.AnyReferenceCounts ? MatchPart(prediction, references) : MatchAll(prediction, references);

    /// <summary><c>string_match_all</c> of one item: the share of references that the prediction contains; case does not matter. NaN without references.</summary>
    public static double MatchAll(string prediction, IReadOnlyList<string> references)
    {
        var text = PyText.Lower(prediction);
        return references.Count(reference => text.Contains(PyText.Lower(reference), StringComparison.Ordinal)) / (double)references.Count;
    }

    /// <summary><c>string_match_part</c> of one item: 1 if the prediction contains any of the references, else 0; case does not matter.</summary>
    public static double MatchPart(string prediction, IReadOnlyList<string> references)
    {
        var text = PyText.Lower(prediction);
        return references.Any(reference => text.Contains(PyText.Lower(reference), StringComparison.Ordinal)) ? 1 : 0;
    }

    /// <summary>The score of a task: 100 · mean, rounded to 2 decimals as Python rounds. NaN without items.</summary>
    public static double Percent(IReadOnlyCollection<double> scores)
    {
        // In this order, as the reference: sum / n · 100.
        var sum = 0.0;
        foreach (var score in scores) sum += score;
        return Round(sum / scores.Count * 100);
    }

    /// <summary>The unweighted mean of tasks' scores.</summary>
    public static double Average(IReadOnlyCollection<double> taskScores) => taskScores.Average();

    // The decimal digits of a double are exact here, so that only exact halves differ: .NET rounds them up, Python to the even digit. A half at the third decimal is a multiple of 1/8.
    private static double Round(double value) => double.IsFinite(value) && value * 8 == Math.Floor(value * 8)
        ? Math.Round(value * 100, MidpointRounding.ToEven) / 100
        : double.Parse(value.ToString("F2", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string Controls(string text, char? replacement)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c > '\u001f') result.Append(c);
            else if (replacement is { } other) result.Append(other);
        }
        return result.ToString();
    }
}
