using System.Globalization;
using System.Text;

namespace LST.Evaluation.PythonText;

/// <summary>
/// Python's operations on strings, as the reference programs of the benchmarks use them: lengths in code points, its white space, its words. Strings stay .NET strings; where a character
/// outside of the basic plane matters, runes are walked.
/// </summary>
public static class PyText
{
    /// <summary><c>string.punctuation</c>: the 32 of ASCII.</summary>
    public const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary><c>len(s)</c>, code points; a lone surrogate counts as one.</summary>
    public static int Length(string text)
    {
        var count = text.Length;
        for (var i = 1; i < text.Length; i++)
            if (char.IsSurrogatePair(text[i - 1], text[i]))
            {
                count--;
                i++;
            }
        return count;
    }

    /// <summary>The code points; half of a broken surrogate pair stands for itself.</summary>
    public static int[] CodePoints(string text)
    {
        var points = new int[Length(text)];
        for (var (i, count) = (0, 0); i < text.Length; i++, count++)
        {
            points[count] = text[i];
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) continue;
            points[count] = char.ConvertToUtf32(text[i], text[i + 1]);
            i++;
        }
        return points;
    }

    /// <summary><c>c.isspace()</c> and the regular expression <c>\s</c>: Unicode's white space and U+001C to U+001F.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    /// <summary>The regular expression <c>\w</c>: letters and numbers of every kind, and the underscore; combining marks are none.</summary>
    public static bool IsWord(Rune rune) => rune.Value == '_' || Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.OtherNumber or UnicodeCategory.LetterNumber;

    /// <summary>The regular expression <c>\d</c>: category Nd.</summary>
    public static bool IsDigit(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber;

    /// <summary><c>s.split()</c>: at runs of white space, no empty parts.</summary>
    public static List<string> Split(string text)
    {
        var parts = new List<string>();
        for (var i = 0; i < text.Length;)
        {
            while (i < text.Length && IsSpace(text[i])) i++;
            var start = i;
            while (i < text.Length && !IsSpace(text[i])) i++;
            if (i > start) parts.Add(text[start..i]);
        }
        return parts;
    }

    /// <summary><c>re.split(r"\s+", s)</c>: at runs of white space; runs at the ends leave an empty part there.</summary>
    public static List<string> SplitKeepingEnds(string text)
    {
        var parts = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length;)
        {
            if (!IsSpace(text[i]))
            {
                i++;
                continue;
            }
            parts.Add(text[start..i]);
            while (i < text.Length && IsSpace(text[i])) i++;
            start = i;
        }
        parts.Add(text[start..]);
        return parts;
    }

    /// <summary><c>re.sub(r"\s+", " ", s)</c>.</summary>
    public static string CollapseSpace(string text) => string.Join(' ', SplitKeepingEnds(text));

    /// <summary><c>s.strip()</c>.</summary>
    public static string Strip(string text) => LeftStrip(RightStrip(text));

    /// <summary><c>s.lstrip()</c>.</summary>
    public static string LeftStrip(string text)
    {
        var start = 0;
        while (start < text.Length && IsSpace(text[start])) start++;
        return text[start..];
    }

    /// <summary><c>s.rstrip()</c>.</summary>
    public static string RightStrip(string text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1])) end--;
        return text[..end];
    }

    /// <summary><c>s.lower()</c>, with the two letters that .NET maps otherwise: U+0130 becomes i and U+0307, a capital sigma at the end of a word the final one.</summary>
    public static string Lower(string text) => Lower(text, 0);

    /// <summary><c>s.capitalize()</c>: the first code point in title case, <em>all</em> others in lower case.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0) return text;
        var status = Rune.DecodeFromUtf16(text, out var first, out var length);
        // A broken surrogate decodes as U+FFFD and stays what it was.
        return (status == System.Buffers.OperationStatus.Done ? TitleCase.Of(first) : text[..length]) + Lower(text, length);
    }

    private static string Lower(string text, int from)
    {
        var result = new StringBuilder(text.Length);
        for (var i = from; i < text.Length;)
        {
            var status = Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length);
            if (status != System.Buffers.OperationStatus.Done) result.Append(text, i, length);
            else if (rune.Value == 0x130) result.Append("i\u0307");
            else if (rune.Value == 0x3a3) result.Append(EndsWord(text, i) ? '\u03c2' : '\u03c3');
            else result.Append(Rune.ToLowerInvariant(rune).ToString());
            i += length;
        }
        return result.ToString();
    }

    // Unicode's Final_Sigma: a cased letter before, none behind; characters that case passes over do not count.
    private static bool EndsWord(string text, int sigma)
    {
        var before = sigma;
        Rune rune = default;
        var found = false;
        while (before > 0 && !found)
        {
            if (Rune.DecodeLastFromUtf16(text.AsSpan(0, before), out rune, out var length) != System.Buffers.OperationStatus.Done) return false;
            before -= length;
            found = !IsCaseIgnorable(rune);
        }
        if (!found || !IsCased(rune)) return false;
        for (var behind = sigma + 1; behind < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(behind), out rune, out var length) != System.Buffers.OperationStatus.Done) return true;
            if (!IsCaseIgnorable(rune)) return !IsCased(rune);
            behind += length;
        }
        return true;
    }

    private static bool IsCased(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        || rune.Value is 0xaa or 0xba or (>= 0x2160 and <= 0x217f) or (>= 0x24b6 and <= 0x24e9)
        or (>= 0x1f130 and <= 0x1f149) or (>= 0x1f150 and <= 0x1f169) or (>= 0x1f170 and <= 0x1f189);

    private static bool IsCaseIgnorable(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter
        or UnicodeCategory.ModifierSymbol || rune.Value is '\'' or '.' or ':' or 0xb7 or 0x387 or 0x55f or 0x5f4 or 0x2018 or 0x2019 or 0x2024 or 0x2027 or 0xfe13 or 0xfe52 or 0xfe55 or 0xff07 or 0xff0e or 0xff1a;
}
