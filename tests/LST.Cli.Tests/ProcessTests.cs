using System.Diagnostics;
using LST.Evaluation.Records;

namespace LST.Cli.Tests;

/// <summary>The program as a process of its own: what only shows there.</summary>
public sealed class ProcessTests : IDisposable
{
    private static readonly string[] Line = ["eval", "ppl", "--text", "api", "--chunks", "6", "--prefix", "256", "--suffix", "64", "--methods", "streaming,snapkv", "--ratios", "2"];

    private readonly CliRun cli = new();

    [Fact]
    public async Task A_run_that_was_killed_goes_on_to_the_same_numbers_bit_for_bit()
    {
        Assert.Equal(0, cli.Run(Line).ExitCode);
        var whole = Record();
        Directory.Delete(cli.Results, recursive: true);

        using (var process = Start("dotnet", [Program, .. Line]))
        {
            await Journal(process, lines: 1 + 3);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        Assert.False(Directory.Exists(cli.Results));
        var resumed = await Finish("dotnet", [Program, .. Line]);

        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Matches("6 chunks, [1-5] of them finished earlier", resumed.Error);
        Assert.Empty(Directory.GetFiles(cli.Journals));
        Assert.DoesNotContain(cli.Files(), file => file.EndsWith(".tmp", StringComparison.Ordinal));
        PerplexityCommandTests.SameNumbers(whole, Record());
    }

    [Fact]
    public async Task An_interrupt_ends_in_a_sentence_and_keeps_what_was_finished()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("signals are sent with kill");
        // So long a run that it is not over before kill has started, on a busy machine too.
        using var process = Start("dotnet", [Program, .. Line.Select(word => word switch { "6" => "200", "streaming,snapkv" => "streaming,kvmerger,h2o,weightedkv,kvzip", _ => word })]);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);

        await Journal(process, lines: 1 + 3);
        Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(130, process.ExitCode);
        Assert.EndsWith("lst: stopped; what was finished is kept, the same command goes on from there\n", await error);
        Assert.Single(Directory.GetFiles(cli.Journals));
        Assert.False(Directory.Exists(cli.Results));
    }

    [Theory]
    [Trait("Category", "slow")]
    [InlineData(0, "", "--version")]
    [InlineData(0, "", "eval", "ppl", "--help")]
    [InlineData(0, "", "test", "--help")]
    [InlineData(2, "lst: unknown command 'foo'; see ./lst --help\n", "foo")]
    [InlineData(2, "lst: --model needs a value, found the end of the line; write --model NAME, or --model=NAME where it begins with --\n", "eval", "ppl", "--model")]
    [InlineData(2, "lst: generate needs --prompt TEXT or --prompt-file FILE\n", "generate")]
    [InlineData(1, "lst: The text file 'nope.txt' does not exist", "eval", "ppl", "--text", "nope.txt")]
    [InlineData(2, "lst test: takes --slow", "test", "--foo")]
    public async Task The_script_hands_over_its_arguments_and_the_exit_code(int exitCode, string error, params string[] arguments)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("lst is a bash script");

        var result = await Finish(Path.Combine(Shared.RepositoryRoot, "lst"), arguments);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith(error, result.Error);
        Assert.Equal(exitCode == 0, result.Output.Length > 0);
    }

    [Fact]
    [Trait("Category", "slow")]
    public async Task A_live_bar_in_a_terminal_leaves_the_cursor_and_the_table_behind()
    {
        if (!File.Exists("/usr/bin/script")) Assert.Skip("needs the program 'script' for a pseudo terminal");

        var result = await Finish("/usr/bin/script", ["-qec", $"stty cols 80; dotnet '{Program}' {string.Join(' ', Line)}", "/dev/null"]);

        Assert.Contains("6/6, ", result.Output);
        Assert.Contains("100%", result.Output);
        // The cursor is shown again before the results come.
        var end = result.Output.LastIndexOf("\u001b[?25h", StringComparison.Ordinal);
        Assert.True(end > result.Output.LastIndexOf("\u001b[?25l", StringComparison.Ordinal));
        Assert.Contains("record ppl-lst-ref-api-e1-", result.Output[end..]);
    }

    public void Dispose() => cli.Dispose();

    private static string Program => Path.Combine(AppContext.BaseDirectory, "lst.dll");

    private PerplexityRecord Record() => RecordStore.Read<PerplexityRecord>(Assert.Single(Directory.GetFiles(Path.Combine(cli.Results, "ppl"))));

    private Process Start(string program, string[] arguments)
    {
        // Folders for records and unfinished work are in the environment, which children inherit.
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = cli.Folder };
        // Only so can this process look into a journal that the child has open.
        start.Environment["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1";
        return Process.Start(start)!;
    }

    private async Task<CliResult> Finish(string program, string[] arguments)
    {
        using var process = Start(program, arguments);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CliResult(process.ExitCode, await output, await error);
    }

    // Waits until the journal has so many lines.
    private async Task Journal(Process process, int lines)
    {
        while (Directory.GetFiles(Directory.CreateDirectory(cli.Journals).FullName) is not [var journal] || LinesOf(journal) < lines)
        {
            Assert.False(process.HasExited, "the run ended before its journal was seen");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private static int LinesOf(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Count(c => c == '\n');
    }
}
