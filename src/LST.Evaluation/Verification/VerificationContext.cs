namespace LST.Evaluation.Verification;

/// <summary>What every case source gets: the folder to verify, and the search for files that cases name.</summary>
/// <param name="Folder">The verified folder (DIR).</param>
/// <param name="Cancel">Stops the run between cases.</param>
public sealed record VerificationContext(string Folder, CancellationToken Cancel = default)
{
    private readonly FileSearch _search = new(Roots(Folder));

    /// <summary>
    /// Finds a file that a case names: relative to the naming file, then any file whose path ends with the name (leading <c>../</c>, <c>data/</c>,
    /// <c>goldens/</c> dropped) below DIR, DIR/.., DIR/../data, DIR/../../data, <c>LST_DATA</c>, <c>../shared/data</c> and <c>../shared/goldens</c>
    /// beside the checkout. Links are followed.
    /// </summary>
    /// <param name="fileName">The name as the case writes it.</param>
    /// <param name="sha256">Hexadecimal digest; a file with another one is passed over. Null: any.</param>
    /// <param name="namedIn">The file that names it; null: <see cref="Folder"/> counts as its folder.</param>
    /// <returns>Full path, or null when no such file was found.</returns>
    public string? Find(string fileName, string? sha256 = null, string? namedIn = null) =>
        _search.Find(fileName, sha256, namedIn is null ? Folder : Path.GetDirectoryName(Path.GetFullPath(namedIn))!);

    /// <summary>The first file below the same folders whose name fits, or null.</summary>
    public string? FindByName(Func<string, bool> fits) => _search.FindByName(fits);

    /// <summary>A path as it is shown to the user: relative to <see cref="Folder"/>, with slashes.</summary>
    public string Shown(string path) => Path.GetRelativePath(Folder, path).Replace('\\', '/');

    private static IEnumerable<string> Roots(string folder)
    {
        yield return folder;
        yield return Path.Combine(folder, "..");
        yield return Path.Combine(folder, "..", "data");
        yield return Path.Combine(folder, "..", "..", "data");
        if (Environment.GetEnvironmentVariable("LST_DATA") is { Length: > 0 } data) yield return data;
        if (Checkout() is not { } checkout) yield break;
        yield return Path.Combine(checkout, "..", "shared", "data");
        yield return Path.Combine(checkout, "..", "shared", "goldens");
    }

    private static string? Checkout()
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Environment.CurrentDirectory })
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
                if (File.Exists(Path.Combine(folder.FullName, "LST.Workbench.sln"))) return folder.FullName;
        return null;
    }
}
