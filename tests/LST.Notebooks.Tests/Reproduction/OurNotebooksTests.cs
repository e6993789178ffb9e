using LST.Notebooks.Runner;
using LST.Notebooks.Tests.Packages;

namespace LST.Notebooks.Tests.Reproduction;

/// <summary>The project's own notebooks and their executed copies: the dialect, the shape of a lecture, and the sizes that front ends and git bear.</summary>
public class OurNotebooksTests
{
    private static string Root => Shared.RepositoryRoot;

    public static TheoryData<string> Names => [.. Directory.GetFiles(Path.Combine(Root, "notebooks"), "*.ipynb").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_source_keeps_every_rule_and_reads_as_a_lecture(string name)
    {
        var notebook = NotebookFile.Read(Source(name));
        var code = notebook.Cells.Where(cell => cell.IsCode).ToList();

        Assert.Empty(NotebookDialect.Complaints(notebook));
        Assert.True(notebook.Cells.Count - code.Count >= code.Count, $"{name} has {code.Count} code cells and only {notebook.Cells.Count - code.Count} of text");
        Assert.All(code, cell => Assert.True(cell.Source.Split('\n').Length <= 15, $"cell '{cell.Id}' has more than 15 lines"));
        // A figure is followed by its reading.
        Assert.All(notebook.Cells.Index().Where(cell => cell.Item.Id.StartsWith("fig-", StringComparison.Ordinal)), cell => Assert.False(notebook.Cells[cell.Index + 1].IsCode, $"no reading follows '{cell.Item.Id}'"));
        Assert.Contains("**You need**", notebook.Cells[0].Source, StringComparison.Ordinal);
        Assert.Contains(notebook.Cells, cell => !cell.IsCode && cell.Source.Contains("**Next question", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_executed_copy_and_its_pictures_are_small(string name)
    {
        Assert.InRange(new FileInfo(Copy(name)).Length, 1, 1_000_000);
        Assert.All(Directory.GetFiles(Path.Combine(Root, "figures", name), "*.png"), picture => Assert.InRange(new FileInfo(picture).Length, 1, 150_000));
    }

    [Fact]
    public async Task Sources_and_copies_are_valid_for_the_formats_own_library()
    {
        var python = ExternalProgram.Require("Debian's Python", "/usr/bin/python3", "python3");
        const string check = "import sys\ntry:\n import nbformat\nexcept ImportError:\n sys.exit(77)\nfor f in sys.argv[1:]:\n nbformat.validate(nbformat.read(f, as_version=nbformat.NO_CONVERT))";

        var (exit, output) = await ExternalProgram.Run(python, ["-c", check, .. Names.SelectMany(row => new[] { Source(row.Data), Copy(row.Data) })], Root, TimeSpan.FromMinutes(2));

        if (exit == 77) Assert.Skip("needs nbformat (apt-get install python3-nbformat)");
        Assert.True(exit == 0, output);
    }

    private static string Source(string name) => Path.Combine(Root, "notebooks", name + ".ipynb");

    private static string Copy(string name) => Path.Combine(Root, "figures", name + ".ipynb");
}
