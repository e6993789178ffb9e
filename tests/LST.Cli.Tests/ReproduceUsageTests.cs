using System.Diagnostics;

namespace LST.Cli.Tests;

/// <summary><c>./lst reproduce</c> where it cannot work: one sentence, and nothing that was not there before. What the flags alone tell is in <see cref="UsageTests"/>.</summary>
public sealed class ReproduceUsageTests : IDisposable
{
    private const string Fine = "Console.WriteLine(\"fine\");";

    private readonly SmallProject project = new();

    [Theory]
    [InlineData]
    [InlineData("--figures")]
    [InlineData("--check")]
    public async Task Outside_of_a_checkout_it_says_where_it_works(params string[] flags)
    {
        var elsewhere = Directory.CreateTempSubdirectory("lst-elsewhere-").FullName;
        try
        {
            // Managed files are enough for what is refused at once, and the program finds no checkout above itself.
            foreach (var file in Directory.GetFiles(Path.GetDirectoryName(project.Program)!).Where(file => Path.GetExtension(file) is ".dll" || Path.GetFileName(file) == "lst.runtimeconfig.json"))
                File.Copy(file, Path.Combine(elsewhere, Path.GetFileName(file)));
            var files = Directory.GetFileSystemEntries(elsewhere);
            using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(elsewhere, "lst.dll"), "reproduce", .. flags]) { WorkingDirectory = elsewhere, RedirectStandardError = true, RedirectStandardOutput = true })!;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);

            new CliResult(process.ExitCode, await output, await error).FailsWith(2, "reproduce works inside a checkout of LST.Workbench; call ./lst of one");
            Assert.Equal(files, Directory.GetFileSystemEntries(elsewhere));
        }
        finally
        {
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    [Theory]
    [InlineData]
    [InlineData("--figures")]
    [InlineData("--full")]
    [InlineData("--check")]
    public async Task A_checkout_without_notebooks_is_refused(params string[] flags)
    {
        await Refuses(["'notebooks' must hold the notebooks that figures are made from, but there is none"], flags);
        Directory.Delete(project.At("notebooks"));
        await Refuses(["'notebooks' must hold the notebooks that figures are made from, but there is none"], flags);
    }

    [Fact]
    public async Task A_notebook_with_the_name_of_the_report_is_refused()
    {
        project.AddNotebook("report", Fine);

        await Refuses(["'notebooks/report.ipynb' has the name of the report"], "--figures");
    }

    [Theory]
    [InlineData("--figures")]
    [InlineData("--quick")]
    public async Task A_notebook_that_cannot_be_read_is_refused_before_anything_is_measured_or_run(string flag)
    {
        project.AddNotebook("00-fine", Fine);
        project.Write("notebooks/01-broken.ipynb", "{ \"cells\": ");

        await Refuses(["notebook '01-broken' must be JSON"], flag);
    }

    [Fact]
    public async Task A_record_that_was_changed_is_refused_before_anything_is_measured()
    {
        project.AddNotebook("00-fine", Fine);
        project.Write("data/results/ppl/ppl-a-00000000.json", "{ \"schema_version\": 1 }");

        await Refuses(["'ppl-a-00000000.json' cannot be read"], "--quick");
    }

    [Fact]
    public async Task A_measurement_that_cannot_begin_leaves_nothing()
    {
        project.AddNotebook("00-fine", Fine);
        var files = project.Files();

        // There is no model in this checkout.
        var result = await project.Run("reproduce");

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Matches("^lst: '\\./lst eval ppl .*' ended with exit code [12]; its own line above says why, what was finished before is kept$", result.ErrorLines[^1]);
        Assert.StartsWith("lst: ", result.ErrorLines[^2]);
        Assert.Equal(files, project.Files());
    }

    [Fact]
    public async Task A_record_that_a_notebook_reads_and_that_is_missing_is_named_with_the_cell()
    {
        project.AddNotebook("00-table", "LST.Notebooks.Open.Perplexity(\"ppl-lst-ref-api-e1-00000000\")");
        var files = project.Files();

        var result = await project.Run("reproduce", "--figures");

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Equal("lst: notebook '00-table', cell 'work', line 1: There is no record 'ppl-lst-ref-api-e1-00000000' in data/results; take an id that ./lst records list prints; what ran is in figures/00-table.failed.ipynb", result.ErrorLines[^1]);
        Assert.Equal(["figures/00-table.failed.ipynb"], project.Files().Except(files));
    }

    [Fact]
    public async Task A_check_names_what_was_never_made_and_makes_nothing()
    {
        project.AddNotebook("00-fine", Fine);
        var files = project.Files();

        var result = await project.Run("reproduce", "--check");

        Assert.Equal((1, "notebooks/00-fine.ipynb: not made yet\nfigures/report.html: not made yet\n"), (result.ExitCode, result.Output));
        Assert.Equal("lst: figures/ is not what these sources and records make (2 things, listed above); run ./lst reproduce and commit figures/", Assert.Single(result.ErrorLines));
        Assert.Equal(files, project.Files());
    }

    public void Dispose() => project.Dispose();

    private async Task Refuses(string[] parts, params string[] flags)
    {
        var files = project.Files();
        (await project.Run(["reproduce", .. flags])).FailsWith(1, parts);
        Assert.Equal(files, project.Files());
    }
}
