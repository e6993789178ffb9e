using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LST.Notebooks.Runner;
using LST.Notebooks.Tests.Packages;

namespace LST.Notebooks.Tests.Runner;

public sealed partial class ExecutedCopyTests : IDisposable
{
    // One black pixel.
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=";

    private const string Figure = $$"""
        using Microsoft.DotNet.Interactive.Formatting;
        var figure = new[] { new FormattedValue("application/vnd.plotly.v1+json", "{\"data\":[],\"layout\":{} }"), new FormattedValue("image/png", "{{Png}}"), new FormattedValue("text/plain", "nothing drawn") };
        figure
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("lst-copies-").FullName;

    [Fact]
    public async Task A_copy_carries_outputs_pictures_and_where_it_came_from()
    {
        var notebook = Invented.Of(Invented.Bootstrap, Figure, "LST.Notebooks.Workbench.Reads(\"ppl-abc\");\nfigure");

        var written = ExecutedCopy.Write(await Invented.Succeed(notebook), folder);

        Assert.Equal(Path.Combine(folder, "invented.ipynb"), written.Notebook);
        Assert.Equal(["c2.png", "c3.png"], written.Pictures.Select(Path.GetFileName));
        Assert.Equal(Convert.FromBase64String(Png), File.ReadAllBytes(Path.Combine(folder, "invented", "c2.png")));
        Assert.Empty(written.Warnings);
        var copy = NotebookFile.Read(written.Notebook);
        Assert.Equal(notebook.ContentSha256, ExecutedCopy.SourceSha256(copy));
        Assert.Equal("ppl-abc", copy.Json["metadata"]!["lst"]!["read"]!.AsArray().Single()!.GetValue<string>());
        var footer = copy.Cells[^1];
        Assert.Equal((ExecutedCopy.FooterId, false), (footer.Id, footer.IsCode));
        Assert.Contains("It read `ppl-abc`.", footer.Source);
        Assert.DoesNotContain(folder, File.ReadAllText(written.Notebook));
    }

    [Fact]
    public async Task Two_runs_differ_in_nothing_but_the_volatile_parts()
    {
        var notebook = Invented.Of(Invented.Bootstrap, "Console.WriteLine(1);\nvar p = new LST.Notebooks.Display.Progress(); p.Begin(\"work\", 3); p.Advance(3);", "new { a = 1, b = \"two\" }", Figure);

        var first = File.ReadAllText(ExecutedCopy.Write(await Invented.Succeed(notebook), folder).Notebook);
        var second = File.ReadAllText(ExecutedCopy.Write(await Invented.Succeed(notebook), folder).Notebook);

        Assert.Equal(Volatile().Replace(first, "S"), Volatile().Replace(second, "S"));
    }

    [Fact]
    public async Task A_failed_run_lies_beside_the_good_copy_and_goes_with_the_next_good_one()
    {
        var good = ExecutedCopy.Write(await Invented.Succeed(Invented.Of("1")), folder).Notebook;
        var before = File.ReadAllText(good);

        var failed = ExecutedCopy.Write(await Invented.Run(Invented.Of("Console.WriteLine(2);", "throw new Exception(\"no\");")), folder).Notebook;

        Assert.Equal(Path.Combine(folder, "invented.failed.ipynb"), failed);
        Assert.Equal(before, File.ReadAllText(good));
        Assert.Contains("\"no\"", File.ReadAllText(failed));
        ExecutedCopy.Write(await Invented.Succeed(Invented.Of("1")), folder);
        Assert.False(File.Exists(failed));
    }

    [Fact]
    public async Task Pictures_of_cells_that_are_gone_go_too()
    {
        ExecutedCopy.Write(await Invented.Succeed(Invented.Of(Figure)), folder);

        ExecutedCopy.Write(await Invented.Succeed(Invented.Of("1", Figure)), folder);

        Assert.Equal(["c2.png"], Directory.GetFiles(Path.Combine(folder, "invented")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_picture_that_is_too_large_is_a_warning()
    {
        var run = await Invented.Succeed(Invented.Of($"new[] {{ new Microsoft.DotNet.Interactive.Formatting.FormattedValue(\"image/png\", Convert.ToBase64String(new byte[200_000])) }}"));

        Assert.Contains("picture 'c1.png' of 'invented' has 200 KB", Assert.Single(ExecutedCopy.Write(run, folder).Warnings));
    }

    [Fact]
    public async Task Jupyters_own_validation_accepts_copies_of_good_and_failed_runs()
    {
        const string python = "/usr/bin/python3";
        if (!File.Exists(python) || (await ExternalProgram.Run(python, ["-c", "import nbformat"], folder, TimeSpan.FromMinutes(1))).ExitCode != 0) Assert.Skip("needs Python with nbformat");
        var good = ExecutedCopy.Write(await Invented.Succeed(Invented.Named("good", Invented.Bootstrap, "Console.WriteLine(1);\ndisplay(2);", Figure, "#!html\n<b>x</b>")), folder).Notebook;
        var failed = ExecutedCopy.Write(await Invented.Run(Invented.Named("bad", "throw new Exception(\"no\");")), folder).Notebook;

        foreach (var copy in new[] { good, failed })
        {
            var (exitCode, output) = await ExternalProgram.Run(python, ["-c", "import nbformat,sys; nbformat.validate(nbformat.read(sys.argv[1], as_version=4)); text=open(sys.argv[1]).read(); print(nbformat.writes(nbformat.read(sys.argv[1], 4))[:20])", copy], folder, TimeSpan.FromMinutes(1));
            Assert.True(exitCode == 0, output);
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [GeneratedRegex(@"in [0-9.]+ s\.|""seconds"": [0-9.]+")]
    private static partial Regex Volatile();
}
