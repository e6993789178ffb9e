using LST.Core.Sidecar;
using LST.Evaluation;
using LST.Evaluation.Texts;
using Microsoft.DotNet.Interactive;

namespace LST.Notebooks;

/// <summary>What the running notebook has really opened. Files of the checkout are inputs that a reproduction compares; texts are named for the reader.</summary>
internal static class Inputs
{
    private static readonly Lock Gate = new();
    private static readonly List<string> OpenedFiles = [];
    private static readonly List<string> OpenedTexts = [];
    private static bool isWatching;

    /// <summary>Files relative to the root, and whatever else the notebook said that it reads, in order.</summary>
    public static IReadOnlyList<string> Files
    {
        get { lock (Gate) return [.. OpenedFiles]; }
    }

    /// <summary>Names of texts with the beginning of their digests, in order.</summary>
    public static IReadOnlyList<string> Texts
    {
        get { lock (Gate) return [.. OpenedTexts]; }
    }

    /// <summary>From now on every sidecar that is opened counts, by whichever way a cell came to it.</summary>
    public static void Watch()
    {
        lock (Gate)
        {
            if (isWatching) return;
            isWatching = true;
        }
        SidecarFile.Opened += File;
    }

    /// <summary>Forgets what an earlier notebook read.</summary>
    public static void Clear()
    {
        lock (Gate)
        {
            OpenedFiles.Clear();
            OpenedTexts.Clear();
        }
    }

    /// <summary>As <see cref="Workbench.Reads"/>.</summary>
    public static void Said(string what) => Add(OpenedFiles, what);

    /// <summary>A file that was opened. What lies outside the checkout nobody else could compare; what lies in its folder of unfinished work the notebook made itself.</summary>
    public static void File(string path)
    {
        if (!IsOfACell || ProjectFolders.Root is not { } root) return;
        if (Below(root, path) is not { } relative || (ProjectFolders.Work is { } work && Below(work, path) is not null)) return;
        Add(OpenedFiles, relative);
    }

    /// <summary>A text that was loaded. One that the project knows by name has a fixed content, and may lie anywhere or be made from a package: it is no file of the checkout.</summary>
    public static void Text(string given, LoadedText text)
    {
        if (!IsOfACell) return;
        Add(OpenedTexts, $"{text.Name} (sha256 {text.Sha256[..16]})");
        if (!TextCatalog.FromEnvironment().List().Any(known => known.Name.Equals(given, StringComparison.OrdinalIgnoreCase)) && System.IO.File.Exists(given)) File(given);
    }

    /// <summary>Texts that a training takes by their names, so far as they are here; the record of the training holds the digest of what was taken of them.</summary>
    public static void TrainingTexts(IEnumerable<string> names)
    {
        if (!IsOfACell) return;
        var known = TextCatalog.FromEnvironment().List();
        foreach (var name in names)
        {
            if (known.FirstOrDefault(entry => entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } entry)
            {
                if (entry.FoundIn is not null) Add(OpenedTexts, entry.Name);
                continue;
            }
            Add(OpenedTexts, Path.GetFileName(name));
            if (System.IO.File.Exists(name)) File(name);
        }
    }

    // The host of a headless run may do other work at the same time, which is not the notebook's.
    private static bool IsOfACell => !Workbench.IsHeadless || KernelInvocationContext.Current is not null;

    private static void Add(List<string> list, string what)
    {
        lock (Gate)
            if (!list.Contains(what)) list.Add(what);
    }

    private static string? Below(string folder, string path)
    {
        var relative = Path.GetRelativePath(folder, Path.GetFullPath(path)).Replace('\\', '/');
        return relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? null : relative;
    }
}
