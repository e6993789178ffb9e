using System.Diagnostics;
using System.Text.Json.Nodes;
using LST.Core.Tests;

namespace LST.Cli.Tests;

/// <summary><c>./lst reproduce</c> under kill -9, in a small checkout of its own that shares the build by hard links.</summary>
public sealed class ReproduceKillTests : IDisposable
{
    private readonly string root = Directory.CreateDirectory(Path.Combine(Shared.RepositoryRoot, "out", $"reproduce-{Guid.NewGuid():N}")).FullName;
    private readonly string program;

    public ReproduceKillTests()
    {
        File.WriteAllText(Path.Combine(root, "LST.Workbench.sln"), "");
        var build = Path.Combine(root, "src", "LST.Cli", "bin", "Release", "net10.0");
        Run("cp", "-rl", Path.Combine(Shared.RepositoryRoot, "src", "LST.Cli", "bin", "Release", "net10.0"), Directory.CreateDirectory(Path.GetDirectoryName(build)!).FullName + "/net10.0");
        program = Path.Combine(build, "lst.dll");
        Directory.CreateDirectory(Path.Combine(root, "notebooks"));
        foreach (var name in new[] { "00-a", "01-b", "02-c" }) File.WriteAllText(Path.Combine(root, "notebooks", name + ".ipynb"), Notebook(name));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(10, 2)]
    [Trait("Category", "slow")]
    public async Task Killed_at_random_moments_it_finishes_with_every_product_once_and_no_broken_file(int kills, int seed)
    {
        var random = new Random(seed);
        for (var kill = 0; kill < kills; kill++)
        {
            using var process = Start();
            if (!process.WaitForExit(random.Next(300, 14_000))) process.Kill();         // the process alone, as kill -9 does; what it started must end by itself
            process.WaitForExit();
            foreach (var copy in Directory.GetFiles(Path.Combine(root, "figures")).Where(file => Path.GetExtension(file) is ".ipynb" or ".json")) JsonNode.Parse(File.ReadAllText(copy));
        }

        using var last = Start();
        var error = last.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(last.WaitForExit(TimeSpan.FromMinutes(3)), "it hangs");
        Assert.True(last.ExitCode == 0, await error);

        using var check = Start("--check");
        Assert.True(check.WaitForExit(TimeSpan.FromMinutes(1)));
        Assert.Equal(0, check.ExitCode);
        var products = JsonNode.Parse(File.ReadAllText(Path.Combine(root, "figures", "manifest.json")))!.AsObject();
        Assert.Equal(["00-a", "01-b", "02-c", "report"], products.Select(product => product.Key));
        Assert.Equal(["00-a.ipynb", "01-b.ipynb", "02-c.ipynb", "manifest.json", "report.html"], Directory.GetFiles(Path.Combine(root, "figures")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private Process Start(string flag = "--figures")
    {
        Directory.CreateDirectory(Path.Combine(root, "figures"));
        var process = Process.Start(new ProcessStartInfo("dotnet", [program, "reproduce", flag]) { WorkingDirectory = root, RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    private static void Run(string name, params string[] arguments)
    {
        using var process = Process.Start(name, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private static string Notebook(string name) => new JsonObject
    {
        ["cells"] = new JsonArray(
            Cell("markdown", "title", $"# Notebook {name}"), Cell("code", "bootstrap", "#r \"../src/LST.Cli/bin/Release/net10.0/LST.Notebooks.dll\"\nLST.Notebooks.Workbench.Load();"),
            Cell("code", "wait", "await System.Threading.Tasks.Task.Delay(1000, LST.Notebooks.Workbench.Cancel);\nConsole.WriteLine(\"waited\");")),
        ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["display_name"] = ".NET (C#)", ["language"] = "C#", ["name"] = ".net-csharp" }, ["language_info"] = new JsonObject { ["name"] = "csharp" } },
        ["nbformat"] = 4,
        ["nbformat_minor"] = 5,
    }.ToJsonString();

    private static JsonObject Cell(string type, string id, string source)
    {
        var cell = new JsonObject { ["cell_type"] = type, ["id"] = id, ["metadata"] = new JsonObject(), ["source"] = source };
        if (type == "code") (cell["execution_count"], cell["outputs"]) = (null, new JsonArray());
        return cell;
    }
}
