using System.Diagnostics;
using System.Text.Json.Nodes;
using LST.Core.Tests;

namespace LST.Cli.Tests;

/// <summary>A small checkout of its own below <c>out/</c>, with notebooks and a program that shares this build by hard links and therefore takes that folder for its root.</summary>
internal sealed class SmallProject : IDisposable
{
    public SmallProject()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("links are made with cp");
        Write("LST.Workbench.sln", "");
        // Where the first cell of a notebook looks for it.
        var build = Directory.CreateDirectory(At("src/LST.Cli/bin/Release")).FullName + "/net10.0";
        using var link = Process.Start("cp", ["-rl", AppContext.BaseDirectory, build]);
        link.WaitForExit();
        Assert.Equal(0, link.ExitCode);
        Program = Path.Combine(build, "lst.dll");
        Directory.CreateDirectory(At("notebooks"));
    }

    public string Root { get; } = Directory.CreateDirectory(Path.Combine(Shared.RepositoryRoot, "out", $"reproduce-{Guid.NewGuid():N}")).FullName;

    public string Program { get; }

    public string At(string name) => Path.Combine(Root, name);

    public void Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), content);
    }

    /// <summary>Adds a notebook: a title, the cell that loads the workbench, and one more.</summary>
    public void AddNotebook(string name, string code) => Write($"notebooks/{name}.ipynb", new JsonObject
    {
        ["cells"] = new JsonArray(Cell("markdown", "title", $"# Notebook {name}"), Cell("code", "bootstrap", "#r \"../src/LST.Cli/bin/Release/net10.0/LST.Notebooks.dll\"\nLST.Notebooks.Workbench.Load();"), Cell("code", "work", code)),
        ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["display_name"] = ".NET (C#)", ["language"] = "C#", ["name"] = ".net-csharp" }, ["language_info"] = new JsonObject { ["name"] = "csharp" } },
        ["nbformat"] = 4,
        ["nbformat_minor"] = 5,
    }.ToJsonString());

    /// <summary>Files of the checkout but for the build.</summary>
    public IReadOnlyList<string> Files() =>
        [.. Directory.GetFiles(Root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Root, file)).Where(file => !file.StartsWith("src", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>Starts the program in the checkout.</summary>
    public Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments]) { WorkingDirectory = Root, RedirectStandardError = true, RedirectStandardOutput = true };
        // Another test in this process may have set them.
        foreach (var name in new[] { "LST_RESULTS", "LST_WORK", "LST_TRACE" }) start.Environment.Remove(name);
        return Process.Start(start)!;
    }

    /// <summary>Runs the program to its end.</summary>
    public async Task<CliResult> Run(params string[] arguments)
    {
        using var process = Start(arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CliResult(process.ExitCode, await output, await error);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static JsonObject Cell(string type, string id, string source)
    {
        var cell = new JsonObject { ["cell_type"] = type, ["id"] = id, ["metadata"] = new JsonObject(), ["source"] = source };
        if (type == "code") (cell["execution_count"], cell["outputs"]) = (null, new JsonArray());
        return cell;
    }
}
