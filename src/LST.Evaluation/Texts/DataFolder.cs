namespace LST.Evaluation.Texts;

/// <summary>A folder laid out as the catalogue's paths say, and the word by which records and lists call it.</summary>
/// <param name="Label"><c>LST_DATA</c>, <c>project</c> or <c>shared</c>.</param>
/// <param name="Path">The folder on this machine.</param>
public sealed record DataFolder(string Label, string Path)
{
    /// <summary>The data folders of this machine in the order in which they are searched; a folder that does not exist is left out.</summary>
    public static IReadOnlyList<DataFolder> FromEnvironment()
    {
        var candidates = new (string Label, string? Path)[]
        {
            ("LST_DATA", Environment.GetEnvironmentVariable("LST_DATA")),
            ("project", ProjectFolders.Data),
            ("shared", ProjectFolders.Root is { } root ? System.IO.Path.Combine(root, "..", "shared", "data") : null),
        };
        return [.. from c in candidates where !string.IsNullOrWhiteSpace(c.Path) && Directory.Exists(c.Path) select new DataFolder(c.Label, c.Path)];
    }

    /// <summary>The full path of a catalogue file in this folder; null when it is not there.</summary>
    /// <param name="relative">Path with forward slashes.</param>
    public string? Find(string relative)
    {
        var full = System.IO.Path.Combine(Path, relative.Replace('/', System.IO.Path.DirectorySeparatorChar));
        return File.Exists(full) ? full : null;
    }
}
