using System.Text;

namespace LST.Evaluation.Benchmarks.Ruler.Haystacks;

/// <summary>
/// A splitter for texts without a table: a sentence ends at <c>.</c>, <c>!</c> or <c>?</c> and the closing quotes behind it, when a space and then an upper-case letter, a digit or a quote
/// follow; not behind a few abbreviations.
/// </summary>
internal static class SimpleSentences
{
    /// <summary>Name of the splitter in records.</summary>
    public const string Name = "simple";

    private const string ClosingQuotes = "\"'\u2019\u201d\u00bb";
    private const string Quotes = ClosingQuotes + "\u2018\u201c\u00ab";

    private static readonly HashSet<string> Abbreviations = new(["Mr.", "Mrs.", "Dr.", "e.g.", "i.e.", "etc.", "U.S."], StringComparer.Ordinal);

    /// <summary>The borders of a text whose runs of white space are single spaces.</summary>
    public static SentenceTable Split(string text)
    {
        var borders = new List<(int Start, int End)>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == ' ' && i == start) start++;
            if (text[i] is not ('.' or '!' or '?')) continue;
            var end = i + 1;
            while (end < text.Length && ClosingQuotes.Contains(text[end])) end++;
            if (!BeginsSentence(text, end) || IsAbbreviation(text, start, i)) continue;
            borders.Add((start, end));
            i = end - 1;
            start = end;
        }
        var last = text.TrimEnd(' ').Length;
        if (start < last) borders.Add((start, last));
        return new SentenceTable(Name, borders);
    }

    private static bool BeginsSentence(string text, int at) => at + 1 < text.Length && text[at] == ' ' && Rune.TryGetRuneAt(text, at + 1, out var next) &&
        (Rune.IsUpper(next) || Rune.IsDigit(next) || (next.IsBmp && Quotes.Contains((char)next.Value)));

    private static bool IsAbbreviation(string text, int sentence, int stop)
    {
        var word = stop;
        while (word > sentence && text[word - 1] != ' ') word--;
        return Abbreviations.Contains(text[word..(stop + 1)].TrimStart('(', '[', '"', '\'', '\u2018', '\u201c', '\u00ab'));
    }
}
