using System.Globalization;
using System.Text.Json.Nodes;
using LST.Notebooks.Runner;

namespace LST.Notebooks.Tests.Runner;

public class NotebookRunnerTests
{
    // The displays are those of a notebook with a bootstrap, whichever test runs first.
    public NotebookRunnerTests() => Workbench.Load();

    [Fact]
    public async Task Outputs_are_those_of_nbformat()
    {
        var notebook = Invented.Of(
            "Console.Write(\"a\"); Console.WriteLine(\"b\"); Console.Error.WriteLine(\"wrong\"); Console.WriteLine(\"c\");",
            "display(\"shown\"); 1 + 1",
            "var x = 3;",
            "x");

        var run = await Invented.Succeed(notebook);

        var printed = run.Outputs("c1");
        Assert.Equal(["stdout", "stderr", "stdout"], printed.Select(output => output!["name"]!.GetValue<string>()));
        Assert.Equal(["ab\n", "wrong\n", "c\n"], printed.Select(output => output!.Text()));
        var shown = run.Outputs("c2");
        Assert.Equal(["display_data", "execute_result"], shown.Select(output => output!["output_type"]!.GetValue<string>()));
        Assert.Equal("shown", shown[0]!.Text());
        Assert.Equal("2", shown[1]!.Text());
        Assert.Equal(2, shown[1]!["execution_count"]!.GetValue<int>());
        Assert.Empty(run.Outputs("c3"));
        Assert.Equal("3", Assert.Single(run.Outputs("c4"))!.Text());
    }

    [Fact]
    public async Task A_cell_that_throws_fails_the_run_with_its_line()
    {
        var run = await Invented.Run(Invented.Of("int one = 1;", "Console.WriteLine(\"before\");\nint zero = one - 1;\nint bad = one / zero;\nConsole.WriteLine(\"after\");", "Console.WriteLine(\"never\");"));

        Assert.Equal("notebook 'invented', cell 'c2', line 3: Attempted to divide by zero.", run.Problem);
        Assert.Equal("before\n", run.Outputs("c2")[0]!.Text());
        var error = run.Outputs("c2")[1]!;
        Assert.Equal("error", error["output_type"]!.GetValue<string>());
        Assert.Equal("DivideByZeroException", error["ename"]!.GetValue<string>());
        Assert.Equal(["System.DivideByZeroException: Attempted to divide by zero.", "   at cell 'c2', line 3"], error["traceback"]!.AsArray().Select(line => line!.GetValue<string>()));
        Assert.Empty(run.Outputs("c3"));
        Assert.False(run.IsAbandoned);
    }

    [Fact]
    public async Task A_cell_that_throws_in_a_method_of_an_earlier_cell_names_both()
    {
        var run = await Invented.Run(Invented.Of("void Fail()\n{\n    throw new InvalidOperationException(\"too early\");\n}", "\nFail();"));

        Assert.Equal("notebook 'invented', cell 'c2', line 2: too early", run.Problem);
        Assert.Equal(["System.InvalidOperationException: too early", "   at cell 'c1', line 3", "   at cell 'c2', line 2"], run.Outputs("c2")[0]!["traceback"]!.AsArray().Select(line => line!.GetValue<string>()));
    }

    [Fact]
    public async Task A_cell_that_does_not_compile_fails_the_run_with_its_line()
    {
        var run = await Invented.Run(Invented.Of("int a = 1;\nint x = \"text\";\nUnknown();"));

        Assert.Equal("notebook 'invented', cell 'c1', line 2: CS0029: Cannot implicitly convert type 'string' to 'int'", run.Problem);
        var error = Assert.Single(run.Outputs("c1"))!;
        Assert.Equal("CompilationError", error["ename"]!.GetValue<string>());
        Assert.Equal(2, error["traceback"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_cell_that_prints_ten_megabytes_is_cut_with_a_note()
    {
        var run = await Invented.Succeed(Invented.Of("for (var i = 0; i < 100_000; i++) Console.WriteLine(new string('x', 99));"), new RunLimits { PrintedCharacters = 50_000 });

        var output = run.Outputs("c1");
        Assert.Equal(50_000, output[0]!.Text().Length);
        Assert.Equal("[9,950,000 more characters were printed and are left out here]\n", output[1]!.Text());
    }

    [Fact]
    public async Task A_loop_that_polls_ends_at_the_time_limit()
    {
        var run = await Invented.Run(
            Invented.Of(Invented.Bootstrap, "Console.WriteLine(\"begun\");\nwhile (true) { LST.Notebooks.Workbench.Cancel.ThrowIfCancellationRequested(); Thread.Sleep(10); }".Replace("Thread.", "System.Threading.Thread.")),
            new RunLimits { Cell = TimeSpan.FromSeconds(8), Grace = TimeSpan.FromSeconds(20) });

        Assert.Equal("notebook 'invented', cell 'c2': a cell may run 8 s, this one was stopped after that; raise the limit or do less", run.Problem);
        Assert.Equal("begun\n", run.Outputs("c2")[0]!.Text());
        Assert.False(run.IsAbandoned);
    }

    [Fact]
    public async Task A_loop_that_does_not_poll_is_abandoned_after_the_grace()
    {
        // Data of this process ends the loop after the test; a real one would go on until its process ends.
        AppContext.SetData("lst-test-end", null);
        var run = await Invented.Run(Invented.Of("while (AppContext.GetData(\"lst-test-end\") is null) { }"), new RunLimits { Cell = TimeSpan.FromSeconds(6), Grace = TimeSpan.FromMilliseconds(200) });
        AppContext.SetData("lst-test-end", true);

        Assert.True(run.IsAbandoned, run.Problem);
        Assert.Contains("a cell may run 6 s", run.Problem);
        Assert.Equal("TimeLimit", run.Failure!.Name);
    }

    [Fact]
    public async Task An_interrupt_stops_the_cell_and_keeps_what_ran()
    {
        using var interrupt = new CancellationTokenSource();
        var runner = new NotebookRunner(new RunLimits());

        var run = await runner.Run(Invented.Of("Console.WriteLine(1);", "await Task.Delay(100_000, Microsoft.DotNet.Interactive.KernelInvocationContext.Current.CancellationToken);", "Console.WriteLine(3);"),
            Path.GetTempPath(), cell => { if (cell.Id == "c2") interrupt.CancelAfter(300); }, interrupt.Token);

        Assert.Equal("notebook 'invented', cell 'c2': stopped by the user", run.Problem);
        Assert.Equal("1\n", run.Outputs("c1")[0]!.Text());
        Assert.False(run.IsAbandoned);
    }

    [Fact]
    public async Task Too_much_memory_stops_the_run()
    {
        var run = await Invented.Run(Invented.Of("await Task.Delay(100_000, Microsoft.DotNet.Interactive.KernelInvocationContext.Current.CancellationToken);"), new RunLimits { MemoryBytes = 1_000_000 });

        Assert.Equal("MemoryLimit", run.Failure!.Name);
        Assert.Contains("may hold 0.0 GB, it held", run.Problem);
    }

    [Fact]
    public async Task A_displayed_value_that_is_updated_changes_where_it_stands()
    {
        var run = await Invented.Succeed(Invented.Of(Invented.Bootstrap, """
            var progress = new LST.Notebooks.Display.Progress();
            progress.Begin("counting", 1000, unit: "steps");
            for (var i = 0; i < 1000; i++) progress.Advance(detail: $"<script>{i}");
            Console.WriteLine("behind");
            """));

        var outputs = run.Outputs("c2");
        Assert.Equal(2, outputs.Count);
        Assert.Equal("counting: 1000/1000 steps, <script>999", outputs[0]!.Text());
        Assert.Contains("&lt;script&gt;999", outputs[0]!.Text("text/html"));
        Assert.DoesNotContain("<script>", outputs[0]!.Text("text/html"));
        Assert.Equal("behind\n", outputs[1]!.Text());
    }

    [Fact]
    public async Task Json_types_are_objects_in_the_file()
    {
        var run = await Invented.Succeed(Invented.Of(
            "using Microsoft.DotNet.Interactive.Formatting;\nnew[] { new FormattedValue(\"application/vnd.plotly.v1+json\", \"{\\\"data\\\":[1]}\"), new FormattedValue(\"text/plain\", \"a figure\"), new FormattedValue(\"text/html\", \"<script src='https://x/require.js'>dotnetInteractive</script>\") }"));

        var data = Assert.Single(run.Outputs("c1"))!["data"]!.AsObject();
        Assert.Equal(["application/vnd.plotly.v1+json", "text/plain"], data.Select(entry => entry.Key).Order(StringComparer.Ordinal));
        Assert.IsType<JsonObject>(data["application/vnd.plotly.v1+json"]);
    }

    [Fact]
    public async Task A_million_numbers_are_a_summary()
    {
        var run = await Invented.Succeed(Invented.Of(Invented.Bootstrap, "using TorchSharp;\ntorch.arange(1_000_000, torch.float32)", "Enumerable.Range(0, 1_000_000).Select(i => (double)i).ToArray()"));

        Assert.Equal("Tensor [1000000] float32 on cpu: min 0, mean 499999.5".Replace("499999.5", "500000") + ", max 999999, 0 NaN; first 0, 1, 2, 3, 4, 5, 6, 7, …", Assert.Single(run.Outputs("c2"))!.Text());
        Assert.Equal("double[1,000,000]: min 0, mean 500000, max 999999; first 0, 1, 2, 3, 4, 5, 6, 7, …", Assert.Single(run.Outputs("c3"))!.Text());
        Assert.True(run.Executed.Format().Length < 5000);
    }

    [Fact]
    public async Task Cells_of_other_languages_run_and_share_values()
    {
        CellLanguages.Register(new Shout());

        var run = await Invented.Succeed(Invented.Of(
            "var word = \"hello\";", "#!html\n<b>bold</b>", "#!mermaid\ngraph LR\n  a --> b", "#!javascript\nconsole.log(1)", "#!markdown\n*slanted*", "#!shout\nhey", "#!csharp\nword"));

        Assert.Equal("<b>bold</b>", run.Outputs("c2")[0]!.Text("text/html").Trim());
        Assert.Equal("graph LR\n  a --> b", run.Outputs("c3")[0]!.Text("text/vnd.mermaid"));
        Assert.Equal("console.log(1)", run.Outputs("c4")[0]!.Text("application/javascript"));
        Assert.Equal("*slanted*", run.Outputs("c5")[0]!.Text("text/markdown"));
        Assert.Equal("HEY", run.Outputs("c6")[0]!.Text());
        Assert.Equal("hello", run.Outputs("c7")[0]!.Text());
    }

    [Fact]
    public async Task FSharp_cells_take_values_from_CSharp_cells()
    {
        var run = await Invented.Succeed(Invented.Of("var numbers = new[] { 1, 2, 3 };", "#!fsharp\n#!share numbers --from csharp\nnumbers |> Array.sum |> printfn \"sum %d\"", "#!fsharp\nlet half x = x / 2.0\nhalf 5.0"));

        Assert.Equal("sum 6\n", run.Outputs("c2")[0]!.Text());
        Assert.Equal("2.5", run.Outputs("c3")[0]!.Text());
    }

    [Fact]
    public async Task The_working_folder_is_the_notebooks_and_goes_back()
    {
        var folder = Directory.CreateTempSubdirectory("lst-runner-").FullName;
        var before = Environment.CurrentDirectory;

        var run = await new NotebookRunner(new RunLimits()).Run(Invented.Of("Console.WriteLine(Environment.CurrentDirectory);"), folder, interrupt: TestContext.Current.CancellationToken);

        Directory.Delete(folder);
        Assert.Equal(folder + "\n", run.Outputs("c1")[0]!.Text());
        Assert.Equal(before, Environment.CurrentDirectory);
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task Five_hundred_cells_keep_memory_level()
    {
        var cells = Enumerable.Range(0, 500).Select(i => $"using (var scope = torch.NewDisposeScope()) Console.WriteLine((torch.ones(1_000_000) * {i}).max().ToInt64());");
        var notebook = Invented.Of([Invented.Bootstrap, "using TorchSharp;", .. cells]);
        var memory = new List<long>();

        var run = await new NotebookRunner(new RunLimits { Notebook = TimeSpan.FromHours(1) }).Run(notebook, Path.GetTempPath(), _ => memory.Add(Environment.WorkingSet), TestContext.Current.CancellationToken);

        Assert.True(run.Problem is null, run.Problem);
        Assert.Equal("499\n", run.Outputs("c502")[0]!.Text());
        // Each cell leaves its compiled code behind, tensors leave nothing: 500 of them would be 2 GB.
        var growth = memory[^1] - memory[100];
        Assert.True(growth < 400 * 1_000_000, string.Create(CultureInfo.InvariantCulture, $"from cell 100 to the end memory grew by {growth / 1e6:0} MB: {string.Join(' ', memory.Where((_, i) => i % 50 == 0).Select(m => m / 1_000_000))}, heap {GC.GetTotalMemory(false) / 1e6:0}, committed {GC.GetGCMemoryInfo().TotalCommittedBytes / 1e6:0}"));
        TestContext.Current.SendDiagnosticMessage("from cell 100 to cell 502 memory grew by {0} MB to {1} MB", growth / 1_000_000, memory[^1] / 1_000_000);
    }

    private sealed class Shout : ICellLanguage
    {
        public string Name => "shout";

        public string Description => "Louder";

        public Task<object?> Run(string code, CancellationToken cancel) => Task.FromResult<object?>(code.Trim().ToUpperInvariant());
    }
}
