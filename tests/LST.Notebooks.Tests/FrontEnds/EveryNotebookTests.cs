using System.Text.Json.Nodes;
using LST.Notebooks.Runner;
using LST.Notebooks.Tests.Runner;

namespace LST.Notebooks.Tests.FrontEnds;

/// <summary>Whatever lies in <c>notebooks/</c> runs top to bottom under Jupyter, with the kernel that our installer writes.</summary>
public class EveryNotebookTests
{
    // Longer than 40 s on two cores, and why.
    private static readonly Dictionary<string, string> Slow = new() { ["01-train-a-sidecar"] = "a minute of training" };

    private static string Folder => Path.Combine(Shared.RepositoryRoot, "notebooks");

    public static TheoryData<string> FastNames =>
        [.. Directory.GetFiles(Folder, "*.ipynb").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal).Where(name => !Slow.ContainsKey(name))];

    public static TheoryData<string> SlowNames => [.. Slow.Keys];

    [Theory]
    [MemberData(nameof(FastNames))]
    public Task A_notebook_runs_under_Jupyter(string name) => Runs(name);

    [Theory]
    [Trait("Category", "slow")]
    [MemberData(nameof(SlowNames))]
    public Task A_long_notebook_runs_under_Jupyter_too(string name) => Runs(name);

    [Theory]
    [InlineData("throw new Exception(\"the cache is <gone>\");", "the cache is <gone>")]
    [InlineData("int few = \"many\";", "CS0029")]
    public async Task A_cell_that_fails_is_named_with_its_notebook_and_error(string source, string error)
    {
        using var jupyter = JupyterFolder.OfNbconvert();
        Invented.Named("broken", "1 + 1", source, "3").Write(jupyter.At("broken.ipynb"));

        var problem = Problem(await jupyter.Execute(jupyter.At("broken.ipynb")));

        Assert.StartsWith("notebook broken, cell 'c2': ", problem, StringComparison.Ordinal);
        Assert.Contains(error, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kernels_that_start_at_the_same_moment_all_run()
    {
        using var jupyter = JupyterFolder.OfNbconvert();
        string[] names = ["one", "two", "three"];
        foreach (var name in names) Invented.Named(name, $"Console.WriteLine(\"{name}\");").Write(jupyter.At(name + ".ipynb"));

        var executed = await Task.WhenAll(names.Select(name => jupyter.Execute(jupyter.At(name + ".ipynb"))));

        Assert.All(executed, notebook => Assert.Null(Problem(notebook)));
    }

    private static async Task Runs(string name)
    {
        using var jupyter = JupyterFolder.OfNbconvert();

        var executed = await jupyter.Execute(Path.Combine(Folder, name + ".ipynb"));

        Assert.Null(Problem(executed));
    }

    // The first one: cells behind it fail because of it. The compiler's words are on the error stream.
    private static string? Problem(NotebookFile executed)
    {
        foreach (var cell in executed.Cells.Where(cell => cell.IsCode && cell.Source.Length > 0))
        {
            var outputs = cell.Json["outputs"]!.AsArray();
            if (outputs.FirstOrDefault(output => IsKind(output!, "error")) is { } error)
                return $"notebook {executed.Name}, cell '{cell.Id}': {error["evalue"]}\n{string.Concat(outputs.Where(output => IsKind(output!, "stream")).Select(output => output!.Text()))}";
            if (cell.Json["execution_count"] is null) return $"notebook {executed.Name}, cell '{cell.Id}': it was not run";
        }
        return null;
    }

    private static bool IsKind(JsonNode output, string kind) => output["output_type"]!.GetValue<string>() == kind;
}
