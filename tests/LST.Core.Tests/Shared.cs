namespace LST.Core.Tests;

/// <summary>Finds the repository and the optional data and goldens beside it.</summary>
internal static class Shared
{
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The folder with <c>data</c> and <c>goldens</c>: <c>LST_SHARED</c>, else <c>../shared</c> beside the checkout; null when absent.</summary>
    public static string? Folder { get; } = FindShared();

    /// <summary>A path below the shared folder; skips the test when it is not there.</summary>
    public static string Require(string relative)
    {
        var path = Folder is null ? null : Path.Combine(Folder, relative);
        if (path is null || !(File.Exists(path) || Directory.Exists(path)))
            Assert.Skip($"needs {relative} in ../shared beside the checkout (or LST_SHARED)");
        return path;
    }

    /// <summary>Starts these tests again with arguments of their own, whether they run as a program or under <c>dotnet tests.dll</c>.</summary>
    public static System.Diagnostics.ProcessStartInfo OwnProgram(params string[] arguments)
    {
        var host = Environment.ProcessPath!;
        string[] own = Path.GetFileNameWithoutExtension(host) == "dotnet" ? [System.Reflection.Assembly.GetEntryAssembly()!.Location] : [];
        return new System.Diagnostics.ProcessStartInfo(host, [.. own, .. arguments]);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "LST.Workbench.sln"))) return folder.FullName;
        throw new InvalidOperationException("LST.Workbench.sln not found above the test assembly");
    }

    private static string? FindShared()
    {
        var candidates = new[] { Environment.GetEnvironmentVariable("LST_SHARED"), Path.Combine(RepositoryRoot, "..", "shared") };
        return candidates.FirstOrDefault(c => !string.IsNullOrEmpty(c) && Directory.Exists(c));
    }
}
