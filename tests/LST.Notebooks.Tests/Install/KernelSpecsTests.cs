using System.Text.Json.Nodes;
using LST.Core.Tests;
using LST.Notebooks.Install;
using LST.Notebooks.Runner;

namespace LST.Notebooks.Tests.Install;

public sealed class KernelSpecsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("lst-kernels-").FullName;

    [Fact]
    public void A_kernel_starts_from_anywhere_and_listens_on_this_machine_alone()
    {
        var files = KernelSpecs.Install(folder, "/usr/bin/dotnet", "/packages/tool.dll");

        Assert.Equal([Path.Combine(folder, ".net-csharp", "kernel.json"), Path.Combine(folder, ".net-fsharp", "kernel.json")], files);
        var spec = JsonNode.Parse(File.ReadAllText(files[0]))!;
        var command = spec["argv"]!.AsArray().Select(word => word!.GetValue<string>()).ToList();
        Assert.Equal(["/usr/bin/dotnet", "/packages/tool.dll", "jupyter", "--default-kernel", "csharp", "{connection_file}"], command.Take(6));
        Assert.Contains("--http-local-only", command);
        Assert.Equal("1", spec["env"]!["DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT"]!.GetValue<string>());
        Assert.Equal((".NET (C#)", "message"), (spec["display_name"]!.GetValue<string>(), spec["interrupt_mode"]!.GetValue<string>()));
    }

    [Fact]
    public void A_second_time_writes_the_same()
    {
        var first = KernelSpecs.Install(folder, "dotnet", "tool.dll").Select(File.ReadAllText).ToList();

        Assert.Equal(first, KernelSpecs.Install(folder, "dotnet", "tool.dll").Select(File.ReadAllText));
    }

    [Fact]
    public void The_pinned_tool_is_found_or_the_sentence_says_how_to_get_it()
    {
        Directory.CreateDirectory(Path.Combine(folder, ".config"));
        File.WriteAllText(Path.Combine(folder, ".config", "dotnet-tools.json"), """{"tools":{"microsoft.dotnet-interactive":{"version":"0.0.1"}}}""");

        Assert.True(File.Exists(PinnedTool.Assembly(Shared.RepositoryRoot)));
        Assert.Contains("microsoft.dotnet-interactive 0.0.1 must be restored", Assert.Throws<NotebookException>(() => PinnedTool.Assembly(folder)).Message);
        Assert.Contains("must be pinned", Assert.Throws<NotebookException>(() => PinnedTool.Assembly(Path.Combine(folder, "none"))).Message);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
