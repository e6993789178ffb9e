using LST.Evaluation;

namespace LST.Notebooks;

/// <summary>Files that the notebook in this process has read: records, sidecars. Whoever runs it keeps their digests beside what came of it.</summary>
public static class RunInputs
{
    private static readonly SortedSet<string> Files = new(StringComparer.Ordinal);

    /// <summary>What was read so far, relative to the project's root with forward slashes.</summary>
    public static IReadOnlyList<string> Noted
    {
        get
        {
            lock (Files) return [.. Files];
        }
    }

    /// <summary>Remembers a file. One outside the project is not kept: nobody else could compare it.</summary>
    public static void Note(string path)
    {
        if (ProjectFolders.Root is not { } root) return;
        var relative = Path.GetRelativePath(root, Path.GetFullPath(path)).Replace('\\', '/');
        if (relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative)) return;
        lock (Files) Files.Add(relative);
    }

    /// <summary>Forgets everything, before another notebook begins.</summary>
    public static void Clear()
    {
        lock (Files) Files.Clear();
    }
}
