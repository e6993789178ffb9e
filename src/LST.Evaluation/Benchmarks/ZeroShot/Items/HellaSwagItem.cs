using System.Text;
using System.Text.RegularExpressions;

namespace LST.Evaluation.Benchmarks.ZeroShot.Items;

/// <summary>
/// HellaSwag (Zellers et al., arXiv 1905.07830): four endings. Fields <c>activity_label, ctx_a, ctx_b, endings, label</c>, or <c>ctx</c> (label, colon and text in one), <c>endings, label</c>.
/// </summary>
internal static partial class HellaSwagItem
{
    public static ZeroShotDocument Read(ItemFields item)
    {
        var isOriginal = item.Has("activity_label", "ctx_a", "ctx_b", "endings");
        if (!isOriginal && !item.Has("ctx", "endings")) throw item.Unknown("activity_label, ctx_a, ctx_b, endings and label, or ctx, endings and label");
        var (activity, first, last) = isOriginal ? (item.Text("activity_label"), item.Text("ctx_a"), item.Text("ctx_b")) : Parts(item);
        var choices = item.Texts("endings").Select(HellaSwagText.Process).ToList();
        return item.Document(isOriginal ? item.ItemId("ind", "id") : item.ItemId("id"), item.Gold("label", choices.Count), HellaSwagText.Query(activity, first, last), choices);
    }

    // A text in one piece: its last sentence was ctx_b where it begins with a small letter.
    private static (string Activity, string First, string Last) Parts(ItemFields item)
    {
        var context = item.Text("ctx");
        var colon = context.IndexOf(": ", StringComparison.Ordinal);
        if (colon < 0) throw item.Wrong("'ctx' has to be an activity, a colon, a space and the text, but it has no ': '");
        var (activity, rest) = (context[..colon], context[(colon + 2)..]);
        var match = LastSentence().Match(rest);
        var isContinued = match.Success && Rune.GetRuneAt(rest, match.Groups[2].Index) is var rune && Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.LowercaseLetter;
        return isContinued ? (activity, rest[..match.Groups[1].Index], match.Groups[2].Value) : (activity, rest, "");
    }

    [GeneratedRegex("""[.!?]["')\]]*( +)([^.!?]+)$""", RegexOptions.CultureInvariant)]
    private static partial Regex LastSentence();
}
