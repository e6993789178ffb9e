using System.ComponentModel;
using System.Diagnostics;

namespace LST.Evaluation.Records;

/// <summary>What a record says about the checkout that it was made from.</summary>
internal static class GitCheckout
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The commit that the checkout stands on, 40 or 64 hex digits; null when the folder is not the root of a checkout. Read from the files, so git need not be there.</summary>
    public static string? Commit(string root)
    {
        try
        {
            var git = Path.Combine(root, ".git");
            if (File.Exists(git)) // a linked worktree: "gitdir: <folder>"
            {
                var pointer = File.ReadAllText(git).Trim();
                if (!pointer.StartsWith("gitdir: ", StringComparison.Ordinal)) return null;
                git = Path.Combine(root, pointer["gitdir: ".Length..]);
            }
            if (!File.Exists(Path.Combine(git, "HEAD"))) return null;
            var head = File.ReadAllText(Path.Combine(git, "HEAD")).Trim();
            return head.StartsWith("ref: ", StringComparison.Ordinal) ? Resolve(git, head["ref: ".Length..]) : Digest(head);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether tracked files differ from the commit. What the project makes itself does not count: new files (a run's own records), and <c>figures/</c>, which nothing that runs is made from:
    /// the first figure of a reproduction would else make the second one look changed. Null: git cannot tell.
    /// </summary>
    public static bool? IsDirty(string root)
    {
        if (Commit(root) is null) return null;
        var start = new ProcessStartInfo("git", ["-C", root, "--no-optional-locks", "status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)figures"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start);
            if (process is null) return null;
            _ = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            if (process.WaitForExit(Patience)) return process.ExitCode == 0 ? output.Result.Length > 0 : null;
            process.Kill();
            return null;
        }
        catch (Exception exception) when (exception is Win32Exception or InvalidOperationException)
        {
            return null; // git is not installed
        }
    }

    private static string? Resolve(string git, string reference)
    {
        var common = Path.Combine(git, "commondir");
        string[] folders = File.Exists(common) ? [git, Path.Combine(git, File.ReadAllText(common).Trim())] : [git];
        foreach (var folder in folders)
        {
            var loose = Path.Combine(folder, reference);
            if (File.Exists(loose)) return Digest(File.ReadAllText(loose).Trim());
            var packed = Path.Combine(folder, "packed-refs");
            var line = File.Exists(packed) ? File.ReadLines(packed).FirstOrDefault(l => l.EndsWith(" " + reference, StringComparison.Ordinal)) : null;
            if (line is not null) return Digest(line.Split(' ')[0]);
        }
        return null;
    }

    private static string? Digest(string text) => text.Length is 40 or 64 && text.All(char.IsAsciiHexDigitLower) ? text : null;
}
