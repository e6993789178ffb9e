using System.Text;

namespace LST.Core.Training.Data.Kinds;

/// <summary>
/// A simple splitter of English prose: a sentence ends behind <c>.</c>, <c>!</c> or <c>?</c> and closing quotes or brackets, when white space and then an
/// upper-case
/// letter, a digit or an opening sign follow and no known abbreviation stands before; an empty line ends one too. White space inside becomes single spaces.
/// </summary>
internal static class SentenceSplitter
{
    /// <summary>Longest sentence in characters; longer ones are cut at spaces, so that data without full stops (tables, code) still gives pieces.</summary>
    public const int MostCharacters = 400;

    private static readonly HashSet<string> Abbreviations = new(StringComparer.OrdinalIgnoreCase)
    {
        "mr", "mrs", "ms", "dr", "st", "prof", "rev", "gen", "col", "capt", "lt", "sgt", "jr", "sr", "no", "vs", "e.g", "i.e", "etc", "cf", "u.s", "u.k", "approx", "vol", "fig",
    };

    /// <summary>The sentences in order; none is empty.</summary>
    public static List<string> Split(string text)
    {
        var sentences = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var end = text[i] is '.' or '!' or '?' ? EndBehind(text, start, i) : text[i] == '\n' && EmptyLineFollows(text, i) ? i : -1;
            if (end < 0) continue;
            Add(sentences, text[start..end]);
            (start, i) = (end, Math.Max(i, end - 1));
        }
        Add(sentences, text[start..]);
        return sentences;
    }

    private static int EndBehind(string text, int start, int mark)
    {
        var end = mark + 1;
        while (end < text.Length && text[end] is '"' or '\'' or ')' or ']' or '”' or '’') end++;
        var next = end;
        while (next < text.Length && char.IsWhiteSpace(text[next])) next++;
        if (next == end || next == text.Length) return -1;
        var opens = char.IsUpper(text[next]) || char.IsDigit(text[next]) || text[next] is '"' or '\'' or '(' or '[' or '“' or '‘' or '#';
        return opens && !(text[mark] == '.' && EndsAbbreviation(text, start, mark)) ? end : -1;
    }

    private static bool EndsAbbreviation(string text, int start, int mark)
    {
        var first = mark;
        while (first > start && (char.IsLetter(text[first - 1]) || text[first - 1] == '.')) first--;
        var word = text[first..mark];
        return (word.Length == 1 && char.IsUpper(word[0])) || Abbreviations.Contains(word);
    }

    private static bool EmptyLineFollows(string text, int lineFeed)
    {
        for (var i = lineFeed + 1; i < text.Length && char.IsWhiteSpace(text[i]); i++)
            if (text[i] == '\n') return true;
        return false;
    }

    private static void Add(List<string> sentences, string raw)
    {
        var sentence = new StringBuilder();
        foreach (var word in raw.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var part in Parts(word))
            {
                if (sentence.Length > 0 && sentence.Length + 1 + part.Length > MostCharacters)
                {
                    sentences.Add(sentence.ToString());
                    sentence.Clear();
                }
                if (sentence.Length > 0) sentence.Append(' ');
                sentence.Append(part);
            }
        }
        if (sentence.Length > 0) sentences.Add(sentence.ToString());
    }

    /// <summary>A word, in pieces if it alone is longer than a sentence may be; no surrogate pair is torn.</summary>
    private static IEnumerable<string> Parts(string word)
    {
        var start = 0;
        while (word.Length - start > MostCharacters)
        {
            var end = start + MostCharacters;
            if (char.IsHighSurrogate(word[end - 1])) end--;
            yield return word[start..end];
            start = end;
        }
        yield return start == 0 ? word : word[start..];
    }
}
