using System.Globalization;
using LST.Core;

namespace LST.Evaluation.Benchmarks.Ruler.Haystacks;

/// <summary>Borders of sentences in a text, and who found them.</summary>
/// <param name="Splitter">Name in records: <c>nltk-table</c> or <c>simple</c>.</param>
/// <param name="Borders">Start and end (exclusive) of each sentence, in UTF-16 units of the text, in order.</param>
internal sealed record SentenceTable(string Splitter, IReadOnlyList<(int Start, int End)> Borders)
{
    /// <summary>Splitter of a table that NLTK made.</summary>
    public const string Nltk = "nltk-table";

    /// <summary>
    /// Reads a table of lines <c>start TAB end</c>, in code points of the text; null when it is the table of another text: sentences have to cover everything but white space.
    /// </summary>
    /// <exception cref="DataException">The file is no such table, or cannot be read.</exception>
    public static SentenceTable? Read(string path, string text)
    {
        try
        {
            var units = UnitOfCodePoint(text);
            var borders = new List<(int Start, int End)>();
            var number = 0;
            foreach (var line in File.ReadLines(path))
            {
                number++;
                if (line.Length == 0) continue;
                if (line.Split('\t') is not [var first, var second] || !Number(first, out var start) || !Number(second, out var end) || start >= end)
                    throw new DataException($"{Path.GetFileName(path)}, line {number}: a table of sentences has lines 'start TAB end' with start below end, but this is '{line}'; copy the file again.");
                if (end >= units.Length) return null;
                borders.Add((units[start], units[end]));
            }
            return Covers(text, borders) ? new SentenceTable(Nltk, borders) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"The table of sentences '{Path.GetFileName(path)}' cannot be read: {error.GetType().Name}; check that you may read it.", error);
        }
    }

    private static bool Number(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    // Index: a code point's number, the text's length included; value: where it begins.
    private static int[] UnitOfCodePoint(string text)
    {
        var units = new List<int>(text.Length + 1);
        for (var i = 0; i < text.Length; i++)
        {
            units.Add(i);
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) i++;
        }
        units.Add(text.Length);
        return [.. units];
    }

    private static bool Covers(string text, List<(int Start, int End)> borders)
    {
        var end = 0;
        foreach (var (start, next) in borders)
        {
            if (start < end || !text.AsSpan(end, start - end).IsWhiteSpace() || text[start] == ' ' || text[next - 1] == ' ') return false;
            end = next;
        }
        return text.AsSpan(end).IsWhiteSpace();
    }
}
