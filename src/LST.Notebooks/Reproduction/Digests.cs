using System.Security.Cryptography;
using System.Text;

namespace LST.Notebooks.Reproduction;

/// <summary>Content digests of files below the project's root. Times play no part.</summary>
/// <param name="root">The root.</param>
public sealed class Digests(string root)
{
    /// <summary>Name under which the sources that draw stand among inputs.</summary>
    public const string DrawingCode = "code that draws";

    /// <summary>Name under which the sources that measure stand among inputs.</summary>
    public const string MeasuringCode = "code that measures";

    // What decides how a figure looks; whatever else changes in the sources changes records first.
    private static readonly string[] DrawingFolders = ["src/LST.Notebooks", "src/LST.Evaluation/Analysis", "src/LST.Evaluation/Reports"];
    private static readonly string[] MeasuringFolders = ["src/LST.Core", "src/LST.Evaluation"];

    /// <summary>The root.</summary>
    public string Root => root;

    /// <summary>sha256 of a file; null when it is not there. Text files count with line feeds, so that a checkout on another system has the same.</summary>
    /// <param name="relative">Path from the root, forward slashes; or <see cref="DrawingCode"/>, <see cref="MeasuringCode"/>.</param>
    public string? Of(string relative)
    {
        if (relative == DrawingCode) return OfSources(DrawingFolders);
        if (relative == MeasuringCode) return OfSources(MeasuringFolders);
        var path = Path.Combine(root, relative);
        return File.Exists(path) ? Hex(Content(path)) : null;
    }

    /// <summary>Digests of files by path.</summary>
    public SortedDictionary<string, string> Of(IEnumerable<string> relatives)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var relative in relatives) found[relative] = Of(relative) ?? "missing";
        return found;
    }

    private string OfSources(string[] folders)
    {
        var all = new StringBuilder();
        foreach (var file in folders.Select(folder => Path.Combine(root, folder)).Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/')).Where(file => !file.Contains("/obj/") && !file.Contains("/bin/")).Order(StringComparer.Ordinal))
            all.Append(file).Append(' ').Append(Hex(Content(Path.Combine(root, file)))).Append('\n');
        return Hex(Encoding.UTF8.GetBytes(all.ToString()));
    }

    private static byte[] Content(string path) => Path.GetExtension(path) is ".cs" or ".ipynb" or ".json" or ".jsonl" or ".html" or ".md"
        ? Encoding.UTF8.GetBytes(File.ReadAllText(path).ReplaceLineEndings("\n"))
        : File.ReadAllBytes(path);

    private static string Hex(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
