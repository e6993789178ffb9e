using System.Text.Json.Nodes;

namespace LST.Cli.Tests;

/// <summary><c>./lst reproduce</c> under kill -9, in a small checkout of its own.</summary>
public sealed class ReproduceKillTests : IDisposable
{
    private readonly SmallProject project = new();

    public ReproduceKillTests()
    {
        foreach (var name in new[] { "00-a", "01-b", "02-c" }) project.AddNotebook(name, "await System.Threading.Tasks.Task.Delay(1000, LST.Notebooks.Workbench.Cancel);\nConsole.WriteLine(\"waited\");");
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(10, 2)]
    [Trait("Category", "slow")]
    public async Task Killed_at_random_moments_it_finishes_with_every_product_once_and_no_broken_file(int kills, int seed)
    {
        var random = new Random(seed);
        var figures = Directory.CreateDirectory(project.At("figures")).FullName;
        for (var kill = 0; kill < kills; kill++)
        {
            using var process = project.Start("reproduce", "--figures");
            process.BeginOutputReadLine();
            if (!process.WaitForExit(random.Next(300, 14_000))) process.Kill();         // the process alone, as kill -9 does; what it started must end by itself
            process.WaitForExit();
            foreach (var copy in Directory.GetFiles(figures).Where(file => Path.GetExtension(file) is ".ipynb" or ".json")) JsonNode.Parse(File.ReadAllText(copy));
        }

        var last = await project.Run("reproduce", "--figures").WaitAsync(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        Assert.True(last.ExitCode == 0, last.Error);

        var check = await project.Run("reproduce", "--check");
        Assert.Equal(0, check.ExitCode);
        var products = JsonNode.Parse(File.ReadAllText(project.At("figures/manifest.json")))!.AsObject();
        Assert.Equal(["00-a", "01-b", "02-c", "report"], products.Select(product => product.Key));
        Assert.Equal(["00-a.ipynb", "01-b.ipynb", "02-c.ipynb", "manifest.json", "report.html"], Directory.GetFiles(figures).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    public void Dispose() => project.Dispose();
}
