using LST.Cli.Terminal;

namespace LST.Cli.Tests;

/// <summary>What one command line did.</summary>
/// <param name="ExitCode">Exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CliResult(int ExitCode, string Output, string Error)
{
    public IReadOnlyList<string> ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The command failed with one sentence that holds these parts, and nothing else was said but the progress until then.</summary>
    public void FailsWith(int exitCode, params string[] parts)
    {
        Assert.True(ExitCode == exitCode, $"expected exit code {exitCode}, got {ExitCode}\n{Error}\n{Output}");
        Assert.Equal("", Output);
        var sentence = ErrorLines[^1];
        Assert.StartsWith("lst: ", sentence);
        Assert.All(ErrorLines.SkipLast(1), line => Assert.Matches("^[a-zA-Z0-9 ._·-]+: [0-9]+(/[0-9]+)? (layers|chunks|items)", line));
        Assert.DoesNotContain("Exception", Error);
        Assert.DoesNotContain("defect of this program", Error);
        foreach (var part in parts) Assert.Contains(part, sentence);
    }
}

/// <summary>Runs command lines in this process, with a folder of their own for records and unfinished work.</summary>
internal sealed class CliRun : IDisposable
{
    private readonly Dictionary<string, string?> before = [];

    public CliRun()
    {
        Folder = Directory.CreateTempSubdirectory("lst-cli-").FullName;
        Set("LST_RESULTS", Path.Combine(Folder, "results"));
        Set("LST_WORK", Path.Combine(Folder, "work"));
        Set("LST_TRACE", null);
    }

    /// <summary>A folder that is gone after the test.</summary>
    public string Folder { get; }

    public string Results => Path.Combine(Folder, "results");

    public string Journals => Path.Combine(Folder, "work", "journals");

    /// <summary>An environment variable until the end of the test.</summary>
    public void Set(string name, string? value)
    {
        before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }

    public string At(string name) => Path.Combine(Folder, name);

    public string Write(string name, string content) => Write(name, System.Text.Encoding.UTF8.GetBytes(content));

    public string Write(string name, byte[] content)
    {
        var path = At(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>All files below <see cref="Folder"/>, and all folders that are not empty of files.</summary>
    public IReadOnlyList<string> Files() => [.. Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder, file)).Order(StringComparer.Ordinal)];

    public CliResult Run(params string[] arguments) => Run(CancellationToken.None, arguments);

    public CliResult Run(CancellationToken stop, params string[] arguments)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var (oldOutput, oldError, wasReplaced) = (Console.Out, Console.Error, Screen.IsReplaced);
        try
        {
            Console.SetOut(output);
            Console.SetError(error);
            Screen.IsReplaced = true;
            return new CliResult(CommandLine.Run(arguments, stop), output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(oldOutput);
            Console.SetError(oldError);
            Screen.IsReplaced = wasReplaced;
        }
    }

    /// <summary>Runs what must be refused: one sentence, and no file more than before.</summary>
    public void Refuses(int exitCode, string[] parts, params string[] arguments)
    {
        var files = Files();
        Run(arguments).FailsWith(exitCode, parts);
        Assert.Equal(files, Files());
    }

    public void Dispose()
    {
        foreach (var (name, value) in before) Environment.SetEnvironmentVariable(name, value);
        Directory.Delete(Folder, recursive: true);
    }
}
