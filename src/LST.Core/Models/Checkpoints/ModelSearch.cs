using System.Text.RegularExpressions;

namespace LST.Core.Models.Checkpoints;

/// <summary>The search behind <see cref="ModelFiles.Resolve"/>, with everything that it looks at handed in.</summary>
/// <param name="Environment">Value of an environment variable, or null.</param>
/// <param name="RepositoryRoot">Folder that holds the solution, or null when run elsewhere.</param>
/// <param name="Home">The user's home folder.</param>
internal sealed partial record ModelSearch(Func<string, string?> Environment, string? RepositoryRoot, string Home)
{
    private const string Marker = "LST.Workbench.sln";

    /// <summary>Our names whose file is called otherwise.</summary>
    private static readonly Dictionary<string, string> FileOfName = new(StringComparer.OrdinalIgnoreCase) { ["smollm2"] = "SmolLM2-135M-Instruct.Q4_1.gguf" };

    private static readonly Dictionary<string, string> Remedy = new(StringComparer.OrdinalIgnoreCase)
    {
        ["smollm2"] = "get it with ./lst data get, or put the file there",
        ["lst-ref"] = "it ships with the project in data/models: check the checkout out again",
    };

    public static ModelSearch OfThisProcess() => new(
        System.Environment.GetEnvironmentVariable,
        RootAbove(Directory.GetCurrentDirectory()) ?? RootAbove(AppContext.BaseDirectory),
        System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile));

    public ModelLocation Find(string nameOrPath)
    {
        if (string.IsNullOrWhiteSpace(nameOrPath))
            throw new UsageException("a model must be named: a folder, a .gguf file, lst-ref, smollm2 or a hub name; found nothing.");
        if (Directory.Exists(nameOrPath) || File.Exists(nameOrPath)) return Location(nameOrPath, null);
        if (LooksLikePath(nameOrPath)) throw new UsageException($"{nameOrPath} must be a model folder or a .gguf file; nothing is there; check the path.");
        var isHubName = nameOrPath.Contains('/', StringComparison.Ordinal);
        var looked = (isHubName ? HubCandidates(nameOrPath) : NameCandidates(nameOrPath)).ToArray();
        var shortName = nameOrPath.Split('/')[^1];
        foreach (var (path, folderOnly) in looked)
        {
            if (File.Exists(System.IO.Path.Combine(path, "config.json"))) return Location(path, shortName);
            if (!folderOnly && File.Exists(path)) return Location(path, shortName);
        }
        throw NotFound(nameOrPath, isHubName);
    }

    private static bool LooksLikePath(string text) =>
        !NamePattern().IsMatch(text) || text.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || HuggingFaceFolder.IsPickle(text);

    private static ModelLocation Location(string path, string? shortName)
    {
        var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        var file = System.IO.Path.GetFileName(full);
        var known = FileOfName.FirstOrDefault(pair => pair.Value.Equals(file, StringComparison.OrdinalIgnoreCase)).Key;
        var own = Directory.Exists(full) ? file : System.IO.Path.GetFileNameWithoutExtension(full);
        return new ModelLocation(full, known ?? shortName ?? own);
    }

    private IEnumerable<string> Roots()
    {
        if (RepositoryRoot is not null) yield return System.IO.Path.Combine(RepositoryRoot, "data", "models");
        foreach (var models in ModelFolders()) yield return models;
        if (Environment("LST_DATA") is { Length: > 0 } data) yield return System.IO.Path.Combine(data, "models");
        if (RepositoryRoot is not null) yield return System.IO.Path.GetFullPath(System.IO.Path.Combine(RepositoryRoot, "..", "shared", "data", "models"));
    }

    private IEnumerable<string> ModelFolders() =>
        (Environment("LST_MODELS") ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private IEnumerable<(string Path, bool FolderOnly)> NameCandidates(string name)
    {
        foreach (var root in Roots())
        {
            yield return (System.IO.Path.Combine(root, name), true);
            if (FileOfName.TryGetValue(name, out var file)) yield return (System.IO.Path.Combine(root, file), false);
            yield return (System.IO.Path.Combine(root, name + ".gguf"), false);
        }
    }

    private IEnumerable<(string Path, bool FolderOnly)> HubCandidates(string name)
    {
        var (organisation, model) = (name.Split('/')[0], name.Split('/')[1]);
        foreach (var root in ModelFolders())
        {
            yield return (System.IO.Path.Combine(root, organisation, model), true);
            foreach (var snapshot in Snapshots(root, organisation, model)) yield return (snapshot, true);
            yield return (System.IO.Path.Combine(root, model), true);
        }
        foreach (var snapshot in Snapshots(HubCache(), organisation, model)) yield return (snapshot, true);
    }

    private string HubCache()
    {
        if (Environment("HF_HUB_CACHE") is { Length: > 0 } hub) return hub;
        var home = Environment("HF_HOME") is { Length: > 0 } given ? given : System.IO.Path.Combine(Home, ".cache", "huggingface");
        return System.IO.Path.Combine(home, "hub");
    }

    // The snapshot that the branch main points to comes first, then the others, newest first.
    private static IEnumerable<string> Snapshots(string cache, string organisation, string model)
    {
        var folder = System.IO.Path.Combine(cache, $"models--{organisation}--{model}");
        var snapshots = System.IO.Path.Combine(folder, "snapshots");
        if (!Directory.Exists(snapshots)) return [];
        var reference = System.IO.Path.Combine(folder, "refs", "main");
        var main = File.Exists(reference) ? System.IO.Path.Combine(snapshots, System.IO.Path.GetFileName(File.ReadAllText(reference).Trim())) : "";
        return Directory.GetDirectories(snapshots)
            .OrderByDescending(path => path == main).ThenByDescending(Directory.GetLastWriteTimeUtc).ThenBy(path => path, StringComparer.Ordinal);
    }

    private LstException NotFound(string name, bool isHubName)
    {
        var places = isHubName
            ? ModelFolders().Append(HubCache()).Distinct()
            : Roots().Distinct();
        var where = string.Join(", ", places);
        if (where.Length == 0) where = "no folder (LST_MODELS is not set)";
        if (Remedy.TryGetValue(name, out var remedy)) return new ModelFileException($"the model {name} is not in {where}; {remedy}.");
        return new UsageException($"the model {Shown.Quote(name)} is neither a path nor found in {where};"
            + " name a folder, a .gguf file, lst-ref, smollm2 or a hub name that is on this machine.");
    }

    private static string? RootAbove(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, Marker))) return folder.FullName;
        return null;
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?\z")]
    private static partial Regex NamePattern();
}
