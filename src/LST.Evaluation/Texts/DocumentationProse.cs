using System.Text;
using System.Xml;
using LST.Core;

namespace LST.Evaluation.Texts;

/// <summary>
/// The API prose of a reference pack as plain text, one document a type. The result is byte for byte fixed by these rules:
/// XML files in ordinal order of their names, members in file order; the first file that mentions a type owns it; a document is <c># type</c>,
/// a line for the type's own text, then a line <c>name: text</c> for every member with text; documents below 200 characters are left out.
/// </summary>
internal static class DocumentationProse
{
    private const int ShortestDocument = 200;
    private const uint HeldOutModulus = 16;

    private sealed class TypeProse(string file, bool wanted)
    {
        public string File { get; } = file;
        public bool Wanted { get; } = wanted;
        public List<string> Lines { get; } = [];
    }

    /// <summary>Documents held out of training: the FNV-1a hash of the type's name is 0 modulo 16.</summary>
    public static IReadOnlyList<string> HeldOut(string folder) => Documents(folder, IsHeldOut);

    /// <summary>All other documents.</summary>
    public static IReadOnlyList<string> Training(string folder) => Documents(folder, type => !IsHeldOut(type));

    internal static bool IsHeldOut(string type)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(type)) hash = unchecked((hash ^ b) * 16777619u);
        return hash % HeldOutModulus == 0;
    }

    private static List<string> Documents(string folder, Func<string, bool> wanted)
    {
        var types = new Dictionary<string, TypeProse>(StringComparer.Ordinal);
        var order = new List<KeyValuePair<string, TypeProse>>();
        foreach (var file in Directory.GetFiles(folder, "*.xml").Order(StringComparer.Ordinal))
        {
            try
            {
                ReadFile(file, types, order, wanted);
            }
            catch (XmlException exception)
            {
                throw new DataException($"The package's documentation file {Path.GetFileName(file)} is not well-formed XML (line {exception.LineNumber}); "
                    + $"delete the folder of {ReferencePack.Label} and run './lst setup' to restore it.", exception);
            }
        }
        return [.. from pair in order
                   let document = $"# {pair.Key}\n{string.Join('\n', pair.Value.Lines)}\n"
                   where CodePoints(document) >= ShortestDocument
                   select document];
    }

    private static void ReadFile(string file, Dictionary<string, TypeProse> types, List<KeyValuePair<string, TypeProse>> order, Func<string, bool> wanted)
    {
        var settings = new XmlReaderSettings { IgnoreComments = true, IgnoreProcessingInstructions = true, DtdProcessing = DtdProcessing.Prohibit };
        using var reader = XmlReader.Create(file, settings);
        while (reader.Read())
        {
            if (reader.NodeType != XmlNodeType.Element || reader.Name != "member") continue;
            var (type, member) = Split(reader.GetAttribute("name") ?? "");
            if (!types.TryGetValue(type, out var prose)) types[type] = prose = new TypeProse(file, wanted(type));
            if (!prose.Wanted || prose.File != file) continue;
            var text = MemberProse.Read(reader);
            if (text.Length == 0) continue;
            if (prose.Lines.Count == 0) order.Add(new(type, prose));
            prose.Lines.Add(member is null ? text : $"{member}: {text}");
        }
    }

    /// <summary><c>M:A.B.C(System.Int32)</c> is member <c>C</c> of type <c>A.B</c>; of <c>T:A.B</c> the member is null.</summary>
    internal static (string Type, string? Member) Split(string id)
    {
        var name = id.Length > 2 ? id[2..] : "";
        var parenthesis = name.IndexOf('(', StringComparison.Ordinal);
        if (parenthesis >= 0) name = name[..parenthesis];
        if (id.StartsWith('T')) return (name, null);
        var dot = name.LastIndexOf('.');
        return dot < 0 ? (name, "") : (name[..dot], name[(dot + 1)..]);
    }

    private static int CodePoints(string text) => text.Count(c => !char.IsLowSurrogate(c));
}
