namespace LST.Notebooks.Figures;

/// <summary>The machine's own Chromium; nothing is ever downloaded.</summary>
public static class BrowserProgram
{
    /// <summary>Environment variable that names the browser.</summary>
    public const string Variable = "LST_BROWSER";

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    /// <summary>Path of the browser: <c>LST_BROWSER</c>, else chromium, chromium-browser or google-chrome on the PATH.</summary>
    /// <exception cref="BrowserMissingException">There is none.</exception>
    public static string Find() => Find(Environment.GetEnvironmentVariable(Variable), Environment.GetEnvironmentVariable("PATH"));

    internal static string Find(string? named, string? path)
    {
        if (!string.IsNullOrEmpty(named))
            return File.Exists(named) ? named : throw new BrowserMissingException($"{Variable} must be the path of a Chromium or Chrome program, but there is no file '{named}'; correct it, or unset it to search the PATH.");
        var suffix = OperatingSystem.IsWindows() ? ".exe" : "";
        var found = (from name in Names from folder in (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) select Path.Combine(folder, name + suffix)).FirstOrDefault(File.Exists);
        return found ?? throw new BrowserMissingException($"Pictures of figures need Chromium or Chrome, but none of {string.Join(", ", Names)} is on the PATH; install one (Debian: apt-get install chromium) or set {Variable} to its path.");
    }
}
