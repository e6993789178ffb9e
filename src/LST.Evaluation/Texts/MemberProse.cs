using System.Text;
using System.Text.RegularExpressions;
using System.Xml;

namespace LST.Evaluation.Texts;

/// <summary>The prose of one <c>member</c> element: its parts in a fixed order, inline elements replaced by what a reader sees.</summary>
internal static partial class MemberProse
{
    private static readonly string[] PartOrder = ["summary", "typeparam", "param", "returns", "value", "exception", "remarks"];

    /// <summary>Reads the element that the reader stands on, up to its end tag; an empty string when it has no text.</summary>
    public static string Read(XmlReader reader)
    {
        if (reader.IsEmptyElement) return "";
        var parts = new List<string>[PartOrder.Length];
        var depth = reader.Depth;
        while (reader.Read() && !(reader.NodeType == XmlNodeType.EndElement && reader.Depth == depth))
        {
            if (reader.NodeType != XmlNodeType.Element) continue;
            var tag = reader.Name;
            var (name, cref) = (reader.GetAttribute("name") ?? "", reader.GetAttribute("cref") ?? "");
            var text = OneSpace(Inner(reader));
            var rank = Array.IndexOf(PartOrder, tag);
            if (rank < 0 || text.Length == 0) continue;
            (parts[rank] ??= []).Add(tag switch
            {
                "param" or "typeparam" => $"{name}: {text}",
                "returns" => $"Returns {text}",
                "exception" => $"{Simple(cref)}: {text}",
                _ => text,
            });
        }
        return string.Join(' ', parts.Where(p => p is not null).SelectMany(p => p));
    }

    private static string Inner(XmlReader reader)
    {
        if (reader.IsEmptyElement) return "";
        var text = new StringBuilder();
        var depth = reader.Depth;
        while (reader.Read() && !(reader.NodeType == XmlNodeType.EndElement && reader.Depth == depth))
        {
            if (reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace)
                text.Append(reader.Value);
            else if (reader.NodeType == XmlNodeType.Element)
                text.Append(Inline(reader));
        }
        return text.ToString();
    }

    private static string Inline(XmlReader reader)
    {
        var tag = reader.Name;
        var (name, cref, keyword) = (reader.GetAttribute("name"), reader.GetAttribute("cref"), reader.GetAttribute("langword"));
        var inner = Inner(reader);
        return tag switch
        {
            "see" or "seealso" => !string.IsNullOrWhiteSpace(inner) ? inner : !string.IsNullOrEmpty(cref) ? Simple(cref) : keyword ?? "",
            "paramref" or "typeparamref" => name ?? "",
            _ => inner,
        };
    }

    /// <summary>The last segment of a reference without kind, parameters and arity: <c>M:A.B.C``1(``0)</c> is <c>C</c>.</summary>
    internal static string Simple(string reference)
    {
        var name = reference[(reference.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var parenthesis = name.IndexOf('(', StringComparison.Ordinal);
        if (parenthesis >= 0) name = name[..parenthesis];
        return Arity().Replace(name[(name.LastIndexOf('.') + 1)..], "");
    }

    private static string OneSpace(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (!char.IsWhiteSpace(c)) result.Append(c);
            else if (result.Length > 0 && result[^1] != ' ') result.Append(' ');
        }
        return result.ToString().TrimEnd(' ');
    }

    [GeneratedRegex(@"`+\d+")]
    private static partial Regex Arity();
}
