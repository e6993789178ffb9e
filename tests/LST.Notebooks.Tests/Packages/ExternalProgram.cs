using System.Diagnostics;

namespace LST.Notebooks.Tests.Packages;

/// <summary>Programs that are not ours and may be absent: found on the PATH, run with a time limit, never left running.</summary>
internal static class ExternalProgram
{
    public static string? Find(params string[] names) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    public static string Require(string what, params string[] names)
    {
        if (Find(names) is not { } path)
        {
            Assert.Skip($"needs {what} ({string.Join(" or ", names)} on the PATH)");
            throw new InvalidOperationException("unreachable: Assert.Skip throws");
        }
        return path;
    }

    public static async Task<(int ExitCode, string Output)> Run(
        string program, string[] arguments, string folder, TimeSpan limit, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(stop.Token);
            var error = process.StandardError.ReadToEndAsync(stop.Token);
            await process.WaitForExitAsync(stop.Token);
            return (process.ExitCode, await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            throw new TimeoutException($"{Path.GetFileName(program)} {string.Join(' ', arguments)} ran longer than {limit.TotalSeconds:0} s");
        }
    }
}
