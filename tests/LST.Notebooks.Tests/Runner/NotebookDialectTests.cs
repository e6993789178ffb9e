using System.Text.Json.Nodes;
using LST.Notebooks.Runner;

namespace LST.Notebooks.Tests.Runner;

public class NotebookDialectTests
{
    private static readonly (string, string, string)[] Good = [("markdown", "title", "# Title"), ("code", "setup", NotebookDialect.Bootstrap), ("code", "look", "1 + 1")];

    [Fact]
    public void A_good_notebook_has_no_complaints() => Assert.Empty(NotebookDialect.Complaints(NotebookFile.Create("good", Good)));

    [Theory]
    [InlineData("look", "#!time\n1", "magic command")]
    [InlineData("look", "%matplotlib", "magic command")]
    [InlineData("look", "#!fsharp\nlet x = 1", "only a notebook with the tag polyglot")]
    [InlineData("look", "#r \"other.dll\"", "only the bootstrap cell may hold #r")]
    [InlineData("d3adb33f", "1", "its id must be readable")]
    [InlineData("5f2f94a0-11a6-4f0e-9e7c-0f7d2f0e4f6a", "1", "its id must be readable")]
    [InlineData("W0sZmlsZQ_3d0011aa22bb33", "1", "notebook")]
    public void A_cell_that_breaks_a_rule_is_named(string id, string source, string rule)
    {
        var complaints = NotebookDialect.Complaints(NotebookFile.Create("bad", [.. Good[..2], ("code", id, source)]));

        if (rule != "notebook") Assert.Contains($"notebook 'bad', cell '{id}': ", Assert.Single(complaints));
        Assert.All(complaints, complaint => Assert.Contains(rule, complaint));
    }

    [Fact]
    public void The_bootstrap_comes_first_and_the_title_before_it() =>
        Assert.Equal(2, NotebookDialect.Complaints(NotebookFile.Create("bad", [Good[2], Good[0]])).Count);

    [Fact]
    public void Outputs_and_counts_do_not_belong_into_a_source()
    {
        var notebook = NotebookFile.Create("saved", Good);
        notebook.Cells[2].Json["execution_count"] = 3;

        Assert.Contains("cell 'look': a source holds no outputs and no counts", Assert.Single(NotebookDialect.Complaints(notebook)));
    }

    [Fact]
    public void A_polyglot_notebook_may_mix_languages_and_share_values()
    {
        var notebook = NotebookFile.Create("mixed", [.. Good, ("code", "sum", "#!fsharp\n#!share x --from csharp\nx + 1")]);
        notebook.Json["metadata"]!["tags"] = new JsonArray("polyglot");

        Assert.Empty(NotebookDialect.Complaints(notebook));
    }

    [Fact]
    public void A_large_source_is_too_large() =>
        Assert.Contains("a source may have 100 KB", Assert.Single(NotebookDialect.Complaints(NotebookFile.Create("large", [.. Good, ("markdown", "long", new string('x', 100_000))]))));
}
