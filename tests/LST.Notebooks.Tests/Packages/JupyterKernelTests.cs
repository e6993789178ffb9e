using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Core.Tests;

namespace LST.Notebooks.Tests.Packages;

public class JupyterKernelTests
{
    private static readonly (string, string)[] Quiet =
        [("DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT", "1"), ("DOTNET_INTERACTIVE_SKIP_FIRST_TIME_EXPERIENCE", "1")];

    [Fact]
    public async Task Jupyter_runs_our_cells_with_the_pinned_net_csharp_kernel()
    {
        ExternalProgram.Require("Jupyter's nbconvert", "jupyter-nbconvert");
        var jupyter = ExternalProgram.Require("Jupyter", "jupyter");
        var dotnet = ExternalProgram.Require("the .NET SDK", "dotnet", "dotnet.exe");
        // Inside the checkout, since the kernel's command line finds the pinned tool by the manifest above its working folder.
        var folder = Directory.CreateDirectory(Path.Combine(Shared.RepositoryRoot, "out", $"jupyter-{Guid.NewGuid():N}")).FullName;
        try
        {
            var kernels = Directory.CreateDirectory(Path.Combine(folder, "share", "kernels")).FullName;
            await Succeed(dotnet, ["tool", "restore"], folder, Quiet);
            await Succeed(dotnet, ["tool", "run", "dotnet-interactive", "--", "jupyter", "install", "--path", kernels], folder, Quiet);
            WriteNotebook(Path.Combine(folder, "cells.ipynb"), Cells.All);

            await Succeed(jupyter, ["nbconvert", "--to", "notebook", "--execute", "cells.ipynb", "--output", "executed.ipynb"], folder,
                [.. Quiet, ("JUPYTER_PATH", Path.Combine(folder, "share")), ("JUPYTER_RUNTIME_DIR", Path.Combine(folder, "runtime")),
                 ("JUPYTER_CONFIG_DIR", Path.Combine(folder, "config")), ("JUPYTER_DATA_DIR", Path.Combine(folder, "data"))]);

            Assert.Equal(Cells.ExpectedLines, PrintedLines(Path.Combine(folder, "executed.ipynb")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task Succeed(string program, string[] arguments, string folder, (string, string)[] environment)
    {
        var (exitCode, output) = await ExternalProgram.Run(program, arguments, folder, TimeSpan.FromMinutes(4), environment);
        Assert.True(exitCode == 0, output);
    }

    private static void WriteNotebook(string path, IEnumerable<string> cells)
    {
        var notebook = new JsonObject
        {
            ["cells"] = new JsonArray([.. cells.Select((source, index) => new JsonObject
            {
                ["cell_type"] = "code", ["id"] = $"cell-{index}", ["execution_count"] = null, ["metadata"] = new JsonObject(),
                ["outputs"] = new JsonArray(), ["source"] = source,
            })]),
            ["metadata"] = new JsonObject
            {
                ["kernelspec"] = new JsonObject { ["display_name"] = ".NET (C#)", ["language"] = "C#", ["name"] = ".net-csharp" },
                ["language_info"] = new JsonObject { ["name"] = "csharp" },
            },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        };
        File.WriteAllText(path, notebook.ToJsonString());
    }

    private static string[] PrintedLines(string path)
    {
        using var notebook = JsonDocument.Parse(File.ReadAllText(path));
        return [.. notebook.RootElement.GetProperty("cells").EnumerateArray()
            .SelectMany(cell => cell.GetProperty("outputs").EnumerateArray())
            .Where(output => output.GetProperty("output_type").GetString() == "stream")
            .SelectMany(output => output.GetProperty("text").EnumerateArray().Select(line => line.GetString()!.Trim()))
            .Where(line => line.Length > 0)];
    }
}
