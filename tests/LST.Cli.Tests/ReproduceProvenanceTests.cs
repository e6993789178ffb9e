using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LST.Cli.Tests;

/// <summary>What executed copies of one reproduction say about the checkout that they were made from.</summary>
public sealed class ReproduceProvenanceTests : IDisposable
{
    private readonly SmallProject project = new();

    [Fact]
    [Trait("Category", "slow")]
    public async Task Of_a_clean_checkout_every_copy_is_clean_although_the_first_one_changes_a_committed_file()
    {
        Add("1");
        Git("init", "-q");
        Assert.Equal(0, (await project.Run("reproduce", "--figures")).ExitCode);
        Commit();
        Add("2");
        Commit();

        var second = await project.Run("reproduce", "--figures");

        Assert.True(second.ExitCode == 0, second.Error);
        Assert.Contains("3 made, 0 as they were", second.Output);
        Assert.Equal([false, false], new[] { "00-a", "01-b" }.Select(Dirty));
        Add("3");
        Assert.Equal(0, (await project.Run("reproduce", "--figures")).ExitCode);
        Assert.Equal([true, true], new[] { "00-a", "01-b" }.Select(Dirty));
    }

    public void Dispose() => project.Dispose();

    private void Add(string code)
    {
        foreach (var name in new[] { "00-a", "01-b" }) project.AddNotebook(name, code);
    }

    private bool Dirty(string name) => JsonNode.Parse(File.ReadAllText(project.At($"figures/{name}.ipynb")))!["metadata"]!["lst"]!["dirty"]!.GetValue<bool>();

    private void Commit()
    {
        Git("add", "notebooks", "figures", "LST.Workbench.sln");
        Git("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "All");
    }

    private void Git(params string[] arguments)
    {
        using var process = Process.Start("git", ["-C", project.Root, .. arguments]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
