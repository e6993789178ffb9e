using System.Text;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>How lm-evaluation-harness cleans HellaSwag's WikiHow texts.</summary>
public static class HellaSwagText
{
    /// <summary>Activity and context in one; of <paramref name="last"/> all but the first letter becomes small, as the harness has it.</summary>
    /// <param name="activity"><c>activity_label</c>.</param>
    /// <param name="first"><c>ctx_a</c>.</param>
    /// <param name="last"><c>ctx_b</c>; may be empty.</param>
    public static string Query(string activity, string first, string last) => Process($"{activity}: {first} {PyText.Capitalize(last)}");

    /// <summary>Trims, writes <c> [title]</c> as a full stop, deletes groups in brackets, and halves pairs of spaces once; what is bare at the ends then stays.</summary>
    public static string Process(string text) =>
        WithoutBrackets(PyText.Strip(text).Replace(" [title]", ". ", StringComparison.Ordinal)).Replace("  ", " ", StringComparison.Ordinal);

    // re.sub(r"\[.*?\]", "", text): from a bracket to the next closing one of the same line.
    private static string WithoutBrackets(string text)
    {
        var kept = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (text[i] == '[' && text.AsSpan(i + 1).IndexOfAny(']', '\n') is >= 0 and var length && text[i + 1 + length] == ']') i += length + 2;
            else kept.Append(text[i++]);
        }
        return kept.ToString();
    }
}
