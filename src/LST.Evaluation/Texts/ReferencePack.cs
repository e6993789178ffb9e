namespace LST.Evaluation.Texts;

/// <summary>The restored package whose XML documentation is the API prose; the exact version is part of the texts' definition.</summary>
internal static class ReferencePack
{
    public const string PackageName = "Microsoft.NETCore.App.Ref";
    public const string Version = "10.0.12";

    /// <summary>How records call it.</summary>
    public const string Label = $"package {PackageName} {Version}";

    /// <summary>The folder with the package's XML files on this machine; null when it is not restored.</summary>
    public static string? Find() => Candidates().FirstOrDefault(HasDocumentation);

    private static IEnumerable<string> Candidates()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string?[] packageRoots = [Environment.GetEnvironmentVariable("NUGET_PACKAGES"), home.Length == 0 ? null : Path.Combine(home, ".nuget", "packages")];
        foreach (var root in packageRoots)
            if (!string.IsNullOrWhiteSpace(root))
                yield return Path.Combine(root, "microsoft.netcore.app.ref", Version, "ref", "net10.0");

        // The SDK carries the pack of its own version; the runtime lies in <dotnet>/shared/Microsoft.NETCore.App/<version>.
        var runtime = Path.TrimEndingDirectorySeparator(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory());
        string?[] dotnetRoots = [Environment.GetEnvironmentVariable("DOTNET_ROOT"), Path.GetFullPath(Path.Combine(runtime, "..", "..", ".."))];
        foreach (var root in dotnetRoots)
            if (!string.IsNullOrWhiteSpace(root))
                yield return Path.Combine(root, "packs", PackageName, Version, "ref", "net10.0");
    }

    private static bool HasDocumentation(string folder) => Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.xml").Any();
}
