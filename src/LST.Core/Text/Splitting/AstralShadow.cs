using System.Globalization;
using System.Text;

namespace LST.Core.Text.Splitting;

/// <summary>
/// .NET's regular expressions look at UTF-16 units and see a letter beyond the BMP as two surrogates. The patterns of tokenizers only ask for
/// general categories of such characters, so the pattern runs on a shadow of the text in which one BMP character of the same category stands
/// for each surrogate pair; positions are then mapped back.
/// </summary>
internal static class AstralShadow
{
    /// <summary>The shadow, and for each of its positions (and its end) the position in <paramref name="text"/>.</summary>
    internal static (string Shadow, int[] Positions) Of(ReadOnlySpan<char> text)
    {
        var shadow = new StringBuilder(text.Length);
        var positions = new List<int>(text.Length + 1);
        for (var i = 0; i < text.Length; i++)
        {
            positions.Add(i);
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                shadow.Append(StandIn(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text[i], text[i + 1]))));
                i++;
            }
            else
                shadow.Append(text[i]);
        }
        positions.Add(text.Length);
        return (shadow.ToString(), [.. positions]);
    }

    // Caseless members of their category that no tokenizer pattern names.
    private static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u03D2',
        UnicodeCategory.LowercaseLetter => '\u0138',
        UnicodeCategory.TitlecaseLetter => '\u1F88',
        UnicodeCategory.ModifierLetter => '\u02C0',
        UnicodeCategory.OtherLetter => '\u05D0',
        UnicodeCategory.NonSpacingMark => '\u0301',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u20DD',
        UnicodeCategory.DecimalDigitNumber => '\u0661',
        UnicodeCategory.LetterNumber => '\u3007',
        UnicodeCategory.OtherNumber => '\u00BD',
        UnicodeCategory.Format => '\u2060',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.ConnectorPunctuation => '\u203F',
        UnicodeCategory.DashPunctuation => '\u2013',
        UnicodeCategory.OpenPunctuation => '\u2045',
        UnicodeCategory.ClosePunctuation => '\u2046',
        UnicodeCategory.InitialQuotePunctuation => '\u00AB',
        UnicodeCategory.FinalQuotePunctuation => '\u00BB',
        UnicodeCategory.OtherPunctuation => '\u00A7',
        UnicodeCategory.MathSymbol => '\u00D7',
        UnicodeCategory.CurrencySymbol => '\u00A2',
        UnicodeCategory.ModifierSymbol => '\u00A8',
        UnicodeCategory.OtherSymbol => '\u2603',
        _ => '\uFDD0', // a noncharacter: unassigned for ever
    };
}
