using System.Security.Cryptography;

namespace LST.Evaluation.Verification;

/// <summary>Searches files by the end of their path below several roots; each root is walked once, when it is first needed.</summary>
internal sealed class FileSearch(IEnumerable<string> roots)
{
    // A root is a data folder; these stop the walk when it turns out to be a whole disk.
    private const int MaxEntries = 200_000;
    private const int MaxDepth = 12;

    private readonly List<Lazy<List<string>>> _roots =
        [.. roots.Select(Path.GetFullPath).Distinct().Select(root => new Lazy<List<string>>(() => Walk(root)))];


    private readonly Dictionary<string, string> _hashes = [];

    /// <summary>The first file that fits, or null.</summary>
    internal string? Find(string fileName, string? sha256, string baseFolder)
    {
        var relative = Path.GetFullPath(Path.Combine(baseFolder, fileName));
        if (Fits(relative, sha256)) return relative;

        var segments = Segments(fileName);
        if (segments.Count == 0 || segments.Contains("..")) return null;
        return _roots.SelectMany(root => root.Value).FirstOrDefault(path => EndsWith(path, segments) && Fits(path, sha256));
    }

    /// <summary>The first file whose name fits, or null.</summary>
    internal string? FindByName(Func<string, bool> fits) => _roots.SelectMany(root => root.Value).FirstOrDefault(path => fits(Path.GetFileName(path)));

    private static List<string> Segments(string fileName)
    {
        var segments = fileName.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries).Where(s => s != ".").ToList();
        while (segments.Count > 1 && segments[0] is ".." or "data" or "goldens") segments.RemoveAt(0);
        return segments;
    }

    private static bool EndsWith(string path, List<string> segments)
    {
        var rest = path.AsSpan();
        for (var i = segments.Count - 1; i >= 0; i--)
        {
            if (!Path.GetFileName(rest).SequenceEqual(segments[i])) return false;
            rest = Path.GetDirectoryName(rest);
        }
        return true;
    }

    private bool Fits(string path, string? sha256)
    {
        if (!File.Exists(path)) return false;
        if (sha256 is null) return true;
        if (!_hashes.TryGetValue(path, out var hash))
        {
            try
            {
                using var stream = File.OpenRead(path);
                hash = Convert.ToHexStringLower(SHA256.HashData(stream));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return false;
            }
            _hashes[path] = hash;
        }
        return hash.Equals(sha256, StringComparison.OrdinalIgnoreCase);
    }

    // Breadth first and in order of names, so that the same file is found on every machine. Each real folder is entered once, which ends circles of links.
    private static List<string> Walk(string root)
    {
        var files = new List<string>();
        if (Path.GetPathRoot(root) == root || !Directory.Exists(root)) return files;
        var entered = new HashSet<string>();
        var folders = new Queue<(string Path, int Depth)>([(root, 0)]);
        while (folders.TryDequeue(out var folder) && files.Count < MaxEntries)
        {
            if (!entered.Add(RealPath(folder.Path))) continue;
            try
            {
                files.AddRange(Directory.EnumerateFiles(folder.Path).Order(StringComparer.Ordinal));
                if (folder.Depth == MaxDepth) continue;
                foreach (var inner in Directory.EnumerateDirectories(folder.Path).Order(StringComparer.Ordinal))
                    if (!Path.GetFileName(inner).StartsWith('.')) folders.Enqueue((inner, folder.Depth + 1));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // A folder that may not be read holds nothing for us.
            }
        }
        return files;
    }

    private static string RealPath(string folder)
    {
        try
        {
            return Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? folder;
        }
        catch (IOException)
        {
            return folder;
        }
    }
}
