namespace LST.Evaluation;

/// <summary>Where the project lies on this machine. Nothing of it goes into a record.</summary>
public static class ProjectFolders
{
    private const string Marker = "LST.Workbench.sln";

    /// <summary>The root of the checkout: the nearest folder with the solution file above this assembly, the host program or the current folder; null when there is none.</summary>
    public static string? Root { get; } = FindRoot();

    /// <summary>The project's <c>data</c> folder; null outside a checkout.</summary>
    public static string? Data => Root is null ? null : Path.Combine(Root, "data");

    /// <summary>Where run records go: <c>LST_RESULTS</c>, else <c>data/results</c> of the project, else the same below the current folder.</summary>
    public static string Results => FromEnvironment("LST_RESULTS") ?? Path.Combine(Data ?? "data", "results");

    /// <summary>Where unfinished work lies (journals): <c>LST_WORK</c>, else <c>out</c> of the project; null: nowhere, outside a checkout.</summary>
    public static string? Work => FromEnvironment("LST_WORK") ?? (Root is null ? null : Path.Combine(Root, "out"));

    private static string? FromEnvironment(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } folder ? folder : null;

    private static string? FindRoot()
    {
        // A notebook kernel is the host program there and lies elsewhere: our own assembly comes first.
        string?[] starts = [Path.GetDirectoryName(typeof(ProjectFolders).Assembly.Location), AppContext.BaseDirectory, Environment.CurrentDirectory];
        foreach (var start in starts)
        {
            if (string.IsNullOrEmpty(start)) continue;
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
                if (File.Exists(Path.Combine(folder.FullName, Marker))) return folder.FullName;
        }
        return null;
    }
}
