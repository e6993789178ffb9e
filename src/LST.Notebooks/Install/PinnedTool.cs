using System.Text.Json.Nodes;
using LST.Notebooks.Runner;

namespace LST.Notebooks.Install;

/// <summary>The .NET Interactive tool that the checkout pins in <c>.config/dotnet-tools.json</c>, as <c>dotnet tool restore</c> laid it into the package folder.</summary>
public static class PinnedTool
{
    private const string Package = "microsoft.dotnet-interactive";

    /// <summary>The tool's assembly, by full path: run by <c>dotnet</c> it needs neither a manifest nor a working folder.</summary>
    /// <param name="root">The checkout.</param>
    /// <exception cref="NotebookException">It is not pinned, or not restored.</exception>
    public static string Assembly(string root)
    {
        var manifest = Path.Combine(root, ".config", "dotnet-tools.json");
        var version = File.Exists(manifest) ? JsonNode.Parse(File.ReadAllText(manifest))?["tools"]?[Package]?["version"]?.GetValue<string>() : null;
        if (version is null) throw new NotebookException($"the kernel's tool must be pinned in .config/dotnet-tools.json of the checkout, but {Package} is not there; restore that file");
        var assembly = Path.Combine(PackageFolder, Package, version, "tools", "net10.0", "any", "Microsoft.DotNet.Interactive.App.dll");
        return File.Exists(assembly) ? assembly : throw new NotebookException($"the kernel's tool {Package} {version} must be restored, but it is not in the package folder; run ./lst setup");
    }

    private static string PackageFolder => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder
        ? folder
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
}
