using System.Globalization;
using System.Net;
using System.Text;

namespace LST.Notebooks.Display;

/// <summary>Texts and numbers as a reader sees them. Tokens, labels and messages are data: nothing in them acts on the page.</summary>
internal static class Visible
{
    /// <summary>Control characters, line breaks included, as glyphs; characters that turn the direction of writing by their code.</summary>
    public static string Text(string text)
    {
        if (!text.Any(c => char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format)) return text;
        var shown = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c < ' ') shown.Append((char)(0x2400 + c));
            else if (c == '\u007f') shown.Append('\u2421');
            else if (char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format && c != '\u200d') shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else shown.Append(c);
        }
        return shown.ToString();
    }

    /// <summary><see cref="Text"/> as HTML.</summary>
    public static string Html(string text) => WebUtility.HtmlEncode(Text(text));

    /// <summary>Six significant digits.</summary>
    public static string Number(double value) => double.IsNaN(value) ? "NaN" : value.ToString("G6", CultureInfo.InvariantCulture);

    /// <summary>A whole number with separators.</summary>
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Bytes in the unit that fits.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => $"{Number(bytes)} B",
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:N1} KB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N1} MB"),
    };
}
