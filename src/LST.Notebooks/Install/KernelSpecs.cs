using System.Text.Json.Nodes;
using LST.Evaluation.Records;

namespace LST.Notebooks.Install;

/// <summary>
/// The kernels that Jupyter and VS Code find: one folder each with a <c>kernel.json</c> whose command line names the pinned tool by full path, so that
/// it does not matter where a notebook lies.
/// </summary>
public static class KernelSpecs
{
    private static readonly (string Name, string Kernel, string DisplayName, string Language)[] Kernels =
        [(".net-csharp", "csharp", ".NET (C#)", "C#"), (".net-fsharp", "fsharp", ".NET (F#)", "F#")];

    /// <summary>Where Jupyter looks for kernels of this user: <c>JUPYTER_DATA_DIR</c>, or the platform's folder.</summary>
    public static string UserFolder
    {
        get
        {
            if (Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR") is { Length: > 0 } data) return Path.Combine(data, "kernels");
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            if (OperatingSystem.IsWindows()) return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "jupyter", "kernels");
            if (OperatingSystem.IsMacOS()) return Path.Combine(home, "Library", "Jupyter", "kernels");
            var share = Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } xdg ? xdg : Path.Combine(home, ".local", "share");
            return Path.Combine(share, "jupyter", "kernels");
        }
    }

    /// <summary>Writes the kernels; a second time writes the same.</summary>
    /// <param name="folder">Folder of kernels.</param>
    /// <param name="dotnet">The <c>dotnet</c> program, by full path.</param>
    /// <param name="tool">The tool's assembly, by full path.</param>
    /// <returns>The files that were written.</returns>
    public static IReadOnlyList<string> Install(string folder, string dotnet, string tool) => [.. Kernels.Select(kernel =>
    {
        var file = Path.Combine(Path.GetFullPath(folder), kernel.Name, "kernel.json");
        AtomicFile.Write(file, Runner.NotebookJson.Format(Spec(kernel.Kernel, kernel.DisplayName, kernel.Language, dotnet, tool)));
        return file;
    })];

    /// <summary>The running program's <c>dotnet</c>, else the first on the PATH.</summary>
    public static string Dotnet()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        if (Environment.ProcessPath is { } running && Path.GetFileName(running) == name) return running;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists) ?? name;
    }

    private static JsonObject Spec(string kernel, string displayName, string language, string dotnet, string tool) => new()
    {
        // Without --http-local-only the kernel's own web server is advertised on every network address of the machine. Its port is the system's to choose: of
        // a range, two kernels that start at the same moment take the same one, and the second ends.
        ["argv"] = new JsonArray(dotnet, tool, "jupyter", "--default-kernel", kernel, "{connection_file}", "--http-port-range", "0-0", "--http-local-only"),
        ["display_name"] = displayName,
        // The tool asks for the server collector, which lets a session of a small model grow to gigabytes.
        ["env"] = new JsonObject { ["DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT"] = "1", ["DOTNET_INTERACTIVE_SKIP_FIRST_TIME_EXPERIENCE"] = "1", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["DOTNET_gcServer"] = "0" },
        // The kernel ignores interrupts that come as a message; one that comes as a signal ends it, and every variable with it.
        ["interrupt_mode"] = "message",
        ["language"] = language,
        ["metadata"] = new JsonObject(),
    };
}
