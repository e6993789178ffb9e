using LST.Notebooks.Runner;

namespace LST.Cli.Tests;

public sealed class NotebookCommandTests : IDisposable
{
    private readonly CliRun cli = new();

    [Fact]
    public void A_run_lists_what_it_runs_and_writes_the_copy()
    {
        var file = Notebook("small", "Console.WriteLine(\"hello\");", "6 * 7");

        var result = cli.Run("notebook", "run", file, "--out", cli.At("figures"));

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Matches(@"^small: .*figures/small\.ipynb, 0 pictures, [0-9.]+ s\n$", result.Output);
        Assert.Matches(@"runs as code, with your rights, into .*figures:\n  .*small\.ipynb, 2 code cells\nsmall: cell 2/3 c1, [0-9.]+ s so far\nsmall: cell 3/3 c2, ", result.Error);
        Assert.Contains("hello", File.ReadAllText(cli.At("figures/small.ipynb")));
    }

    [Fact]
    public void The_bootstrap_cell_finds_the_build_from_a_folder_of_the_checkout()
    {
        // A test of the command line's own output folder, where notebooks look; there is one after ./lst or a build of the whole solution.
        if (!File.Exists(Path.Combine(Shared.RepositoryRoot, "src/LST.Cli/bin/Release/net10.0/LST.Notebooks.dll"))) Assert.Skip("needs a Release build of src/LST.Cli");
        var folder = Directory.CreateDirectory(Path.Combine(Shared.RepositoryRoot, "out")).FullName;
        var file = Path.Combine(folder, $"bootstrap-{Guid.NewGuid():N}.ipynb");
        NotebookFile.Create("bootstrap", [("markdown", "title", "# T"), ("code", "setup", NotebookDialect.Bootstrap), ("code", "sum", "using TorchSharp;\ntorch.ones(3).sum()"), ("code", "where", "LST.Notebooks.Workbench.IsHeadless && System.IO.File.Exists(System.IO.Path.Combine(LST.Notebooks.Workbench.Root, \"LST.Workbench.sln\"))")]).Write(file);
        try
        {
            var result = cli.Run("notebook", "run", file, "--out", cli.At("figures"));

            Assert.True(result.ExitCode == 0, result.Error);
            var copy = File.ReadAllText(Assert.Single(Directory.GetFiles(cli.At("figures"))));
            Assert.Contains("Tensor [] float32 on cpu: min 3", copy);
            Assert.Contains("\"True\"", copy);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_notebook_that_fails_does_not_keep_the_next_from_running()
    {
        var (bad, good) = (Notebook("bad", "1", "\nthrow new Exception(\"no luck\");"), Notebook("good", "1"));

        var result = cli.Run("notebook", "run", bad, good, "--out", cli.At("figures"));

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("good: ", result.Output);
        Assert.Matches(@"\nlst: notebook 'bad', cell 'c2', line 2: no luck; what ran is in .*bad\.failed\.ipynb\n", result.Error);
        Assert.EndsWith("lst: 1 of 2 notebooks failed\n", result.Error);
        Assert.False(File.Exists(cli.At("figures/bad.ipynb")));
    }

    [Fact]
    public void A_loop_that_polls_nothing_is_ended_with_its_process()
    {
        var result = cli.Run("notebook", "run", Notebook("loop", "Console.WriteLine(\"begun\");", "while (true) { }"), "--out", cli.At("figures"), "--cell-timeout", "8");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("lst: notebook 'loop', cell 'c2': a cell may run 8 s", result.Error);
        Assert.Contains("begun", File.ReadAllText(cli.At("figures/loop.failed.ipynb")));
    }

    [Fact]
    public void A_process_that_goes_away_is_a_sentence()
    {
        var result = cli.Run("notebook", "run", Notebook("gone", "1", "Environment.Exit(7);"), "--out", cli.At("figures"));

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("lst: notebook 'gone', cell 'c2': its process ended with exit code 7 before the run was over", result.Error);
    }

    [Fact]
    public void An_interrupt_keeps_what_ran()
    {
        using var stop = new CancellationTokenSource();
        var file = Notebook("long", "Console.WriteLine(\"begun\");\nSystem.IO.File.WriteAllText(\"seen\", \"\");\nawait Task.Delay(600_000, Microsoft.DotNet.Interactive.KernelInvocationContext.Current.CancellationToken);");
        new Thread(() =>
        {
            while (!File.Exists(cli.At("seen"))) Thread.Sleep(20);
            stop.Cancel();
        }) { IsBackground = true }.Start();

        var result = cli.Run(stop.Token, "notebook", "run", file, "--out", cli.At("figures"));

        Assert.Equal(130, result.ExitCode);
        Assert.Contains("stopped by the user", result.Error);
        Assert.Contains("begun", File.ReadAllText(cli.At("figures/long.failed.ipynb")));
    }

    [Fact]
    public void What_cannot_run_is_refused_before_anything_runs()
    {
        var good = Notebook("good", "1");
        cli.Write("other/good.ipynb", File.ReadAllText(good));
        cli.Write("broken.ipynb", "{}");

        cli.Refuses(1, ["'nowhere.ipynb' cannot be read"], "notebook", "run", good, "nowhere.ipynb");
        cli.Refuses(1, ["notebook 'broken' must be nbformat 4.5"], "notebook", "run", good, cli.At("broken.ipynb"));
        cli.Refuses(2, ["must have different names, but 'good'"], "notebook", "run", good, cli.At("other/good.ipynb"));
        cli.Refuses(2, ["--cell-timeout '0': it must be above 0"], "notebook", "run", good, "--cell-timeout", "0");
        cli.Refuses(2, ["--memory-gb 'x': it must be a number"], "notebook", "run", good, "--memory-gb", "x");
    }

    [Fact]
    public void A_new_notebook_keeps_every_rule_and_is_never_overwritten()
    {
        var file = cli.At("my-question.ipynb");

        Assert.Equal(0, cli.Run("notebook", "new", file, "--title", "Why <this>?").ExitCode);

        Assert.Equal((0, "1 notebook keeps every rule\n"), (cli.Run("notebook", "check", file).ExitCode, cli.Run("notebook", "check", file).Output));
        Assert.Equal("# Why <this>?\n\nWhat you will see, in one sentence.", NotebookFile.Read(file).Cells[0].Source);
        cli.Refuses(2, ["is there already and is not overwritten"], "notebook", "new", file);
        cli.Refuses(2, ["must end in .ipynb"], "notebook", "new", cli.At("x.txt"));
    }

    [Fact]
    public void A_check_names_every_broken_rule_and_a_copy_of_another_source()
    {
        var file = cli.At("n.ipynb");
        cli.Run("notebook", "new", file);
        cli.Write("figures/n.ipynb", Notebooks("n", "1").Format());

        var stale = cli.Run("notebook", "check", file, "--out", cli.At("figures"));
        var bad = cli.Run("notebook", "check", Notebook("bad", "%magic"), "--out", cli.At("figures"));

        Assert.Equal((1, 1), (stale.ExitCode, bad.ExitCode));
        Assert.Contains("was made from another source; run ./lst notebook run again", Assert.Single(stale.ErrorLines));
        Assert.Equal(2, bad.ErrorLines.Count);
    }

    [Fact]
    public void The_kernels_are_written_where_asked_and_named()
    {
        var first = cli.Run("notebook", "install", "--path", cli.At("kernels"));

        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Contains($"wrote {cli.At("kernels/.net-csharp/kernel.json")}\n", first.Output);
        Assert.Equal(first.Output, cli.Run("notebook", "install", "--path", cli.At("kernels")).Output);
    }

    public void Dispose() => cli.Dispose();

    private static NotebookFile Notebooks(string name, params string[] cells) =>
        NotebookFile.Create(name, [("markdown", "title", "# T"), .. cells.Select((source, index) => ("code", $"c{index + 1}", source))]);

    private string Notebook(string name, params string[] cells)
    {
        Notebooks(name, cells).Write(cli.At(name + ".ipynb"));
        return cli.At(name + ".ipynb");
    }
}
