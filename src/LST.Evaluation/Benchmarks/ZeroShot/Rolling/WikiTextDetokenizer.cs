using System.Text;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.ZeroShot.Rolling;

/// <summary>WikiText's spaced-out tokens as running text, by the rules of lm-evaluation-harness in their order.</summary>
public static class WikiTextDetokenizer
{
    private static readonly (string From, string To)[] Before =
    [
        ("s '", "s'"), (" @-@ ", "-"), (" @,@ ", ","), (" @.@ ", "."),
        (" : ", ": "), (" ; ", "; "), (" . ", ". "), (" ! ", "! "), (" ? ", "? "), (" , ", ", "),
    ];

    private static readonly (char Open, char Close)[] Pairs = [('(', ')'), ('[', ']'), ('{', '}'), ('"', '"'), ('\'', '\'')];

    private static readonly (string From, string To)[] After =
    [
        ("= = = =", "===="), ("= = =", "==="), ("= =", "=="), (" \u00b0 ", "\u00b0"), (" \n", "\n"), ("\n ", "\n"), (" N ", " 1 "), (" 's", "'s"),
    ];

    /// <summary>The text that is scored.</summary>
    /// <param name="page">A page as the file has it.</param>
    public static string Detokenize(string page)
    {
        foreach (var (from, to) in Before) page = page.Replace(from, to, StringComparison.Ordinal);
        foreach (var (open, close) in Pairs) page = TrimInside(page, open, close);
        foreach (var (from, to) in After) page = page.Replace(from, to, StringComparison.Ordinal);
        return page;
    }

    // White space goes at both ends of what stands between an opener and the next closer; quotes pair up from the left.
    private static string TrimInside(string text, char open, char close)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var end = text[i] == open ? text.IndexOf(close, i + 1) : -1;
            if (end < 0)
            {
                result.Append(text[i++]);
                continue;
            }
            result.Append(open).Append(PyText.Strip(text[(i + 1)..end])).Append(close);
            i = end + 1;
        }
        return result.ToString();
    }
}
