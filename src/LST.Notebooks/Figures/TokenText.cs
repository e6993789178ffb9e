using System.Globalization;
using System.Text;

namespace LST.Notebooks.Figures;

/// <summary>Tokens as figures show them. They are data: markup in them is shown, not obeyed, and what has no glyph gets one.</summary>
public static class TokenText
{
    private const int MostCharacters = 14;

    /// <summary>A token for a label: a word's leading space as ·, white space and line ends as ␣ ⇥ ↵ (which every usual font has), other control characters by number, long ones cut with ….</summary>
    public static string Label(string token) => Escape(Visible(token, MostCharacters));

    /// <summary>A token as characters on a screen, without escapes for markup.</summary>
    /// <param name="token">The token.</param>
    /// <param name="most">Longer ones are cut.</param>
    internal static string Visible(string token, int most = int.MaxValue)
    {
        if (token.Length == 0) return "∅";
        token = token.Replace('\u2581', ' ');
        var spaces = token.TakeWhile(c => c == ' ').Count();
        var text = new StringBuilder(spaces == 1 && token.Length > 1 && !char.IsWhiteSpace(token[1]) ? "·" : "");
        foreach (var rune in token[(text.Length > 0 ? 1 : 0)..].EnumerateRunes())
        {
            if (text.Length >= most)
            {
                text.Append('…');
                break;
            }
            text.Append(Glyph(rune));
        }
        return text.ToString();
    }

    /// <summary>Text for plotly.js, which reads some HTML in every label.</summary>
    public static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");

    private static string Glyph(Rune rune) => rune.Value switch
    {
        ' ' => "␣",
        '\t' => "⇥",
        '\n' => "↵",
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            ? $"⟨{rune.Value:x4}⟩" : rune.ToString(),
    };
}
