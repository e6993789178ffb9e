using System.Text;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.ZeroShot.Rolling;

/// <summary>Documents of a raw WikiText file, and what lm-evaluation-harness counts in them.</summary>
public static class WikiTextPages
{
    /// <summary>The documents: one begins with each heading of the first level; lines that are all blank are none.</summary>
    /// <param name="text">The file.</param>
    public static IReadOnlyList<string> Split(string text)
    {
        List<string> pages = [], lines = [];
        foreach (var line in text.Split('\n'))
        {
            if (IsTitle(line))
            {
                Emit();
                lines.Clear();
            }
            lines.Add(line);
        }
        Emit();
        return pages;

        void Emit()
        {
            if (string.Join('\n', lines) is var page && PyText.Strip(page).Length > 0) pages.Add(page);
        }
    }

    /// <summary>Words and bytes of a page before it is detokenised: parts between runs of white space, where those at the ends leave an empty part that counts.</summary>
    public static (int Words, int Bytes) Count(string page) => (PyText.SplitKeepingEnds(page).Count, Encoding.UTF8.GetByteCount(page));

    private static bool IsTitle(string line)
    {
        var joined = PyText.Strip(line.Replace("= = =", "===", StringComparison.Ordinal).Replace("= =", "==", StringComparison.Ordinal));
        return joined.StartsWith("= ", StringComparison.Ordinal) && joined.EndsWith(" =", StringComparison.Ordinal);
    }
}
