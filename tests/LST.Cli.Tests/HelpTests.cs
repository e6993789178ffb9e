using System.Text.RegularExpressions;
using LST.Core.Compression;
using Spectre.Console.Cli;

namespace LST.Cli.Tests;

public sealed partial class HelpTests : IDisposable
{
    private readonly CliRun cli = new();

    public static TheoryData<string> Commands { get; } =
    [
        "", "eval", "eval ppl", "eval recall", "eval ruler", "eval niah", "eval zeroshot", "items", "items table", "items merge", "generate", "train", "convert", "convert llama2c", "verify", "data", "data list", "records", "records list", "records show", "records sql", "records table", "records export",
        "compare", "notebook", "notebook run", "notebook install", "notebook new", "notebook check", "reproduce", "doctor", "setup", "test",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_has_a_help_that_fits_and_says_what_it_is(string command)
    {
        var result = cli.Run([.. Words(command), "--help"]);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains($"USAGE:\n    ./lst{(command.Length == 0 ? "" : " " + command)}", result.Output);
        if (command.Length > 0) Assert.StartsWith("DESCRIPTION:\n", result.Output);
        Assert.DoesNotContain("[[", result.Output);
        Assert.All(result.Output.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 100, line));
        // Copied from the help, an example must be whole: on one line, also in a terminal of 80 columns.
        Assert.All(Examples(result.Output), line => Assert.True(line.Length <= 76, line));
    }

    [Fact]
    public void The_examples_of_all_commands_are_understood()
    {
        var app = CommandLine.Application();
        app.Configure(config => config.ValidateExamples());

        Assert.Equal(0, app.Run(["--version"], TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("eval ppl", 5)]
    [InlineData("generate", 2)]
    public void Examples_can_be_copied_from_the_help(string command, int count)
    {
        var examples = Examples(cli.Run([.. Words(command), "--help"]).Output);

        Assert.Equal(count, examples.Count);
        // The seed is read after the methods, ratios and everything else of the line was understood by the parser.
        foreach (var example in examples)
            cli.Refuses(2, ["--seed 'x'"], [.. Split().Matches(example["./lst ".Length..]).Select(match => match.Value.Trim('"')), "--seed", "x"]);
    }

    [Theory]
    [InlineData("eval ppl")]
    [InlineData("generate")]
    public void Options_have_a_description_and_their_default(string command)
    {
        var help = cli.Run([.. Words(command), "--help"]).Output;

        Assert.Matches(@"--model <NAME>\s+lst-ref\s+A Hugging Face folder", help);
        Assert.Matches(@"--dtype <TYPE>\s+float32\s+float32, bfloat16 or float16", help);
        Assert.Matches(@"--seed <N>\s+0\s+\w+", help);
        Assert.Contains("name[:key=value...]", help);
    }

    [Theory]
    [InlineData("eval ppl")]
    [InlineData("generate")]
    public void The_help_lists_every_registered_method_with_its_options(string command)
    {
        var help = cli.Run([.. Words(command), "--help"]).Output;

        var methods = help[help.IndexOf("METHODS:", StringComparison.Ordinal)..];
        foreach (var entry in MethodRegistry.Entries)
        {
            Assert.Contains($"\n    {entry.Name} ", methods);
            foreach (var option in entry.Options) Assert.Contains($" {option.Key}={option.Default}", methods);
        }
        Assert.Contains("pooling=max|avg|none", methods);
        Assert.Contains("log-mass=false|true", methods);
    }

    [Fact]
    public void The_line_alone_shows_the_help_and_a_group_alone_does_so_as_wrong_usage()
    {
        var (alone, group) = (cli.Run(), cli.Run("eval"));

        Assert.Equal((0, 2), (alone.ExitCode, group.ExitCode));
        Assert.Equal(cli.Run("--help").Output, alone.Output);
        Assert.Equal(cli.Run("eval", "--help").Output, group.Output);
    }

    [Fact]
    public void The_version_is_that_of_the_build() => Assert.Matches(@"^\d+\.\d+\.\d+\n$", cli.Run("--version").Output);

    [Theory]
    [InlineData("--model_name", "nope", "the model \"nope\"")]
    [InlineData("--model-name", "nope", "the model \"nope\"")]
    [InlineData("--window_size", "x", "ratio 'x'")]
    [InlineData("--window-size", "x", "ratio 'x'")]
    [InlineData("--window_size=x", null, "ratio 'x'")]
    public void Options_are_understood_with_underscores_and_with_hyphens(string option, string? value, string sentence) =>
        cli.Refuses(2, [sentence], ["eval", "ppl", "--text", cli.Write("text.txt", "word"), option, .. value is null ? (string[])[] : [value]]);

    [Fact]
    public void Underscores_in_values_stay() =>
        cli.Refuses(2, ["'my_text' is neither a text nor a file"], "eval", "ppl", "--text=my_text");

    public void Dispose() => cli.Dispose();

    private static string[] Words(string command) => command.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static List<string> Examples(string help) => [.. from line in help[..Math.Max(0, help.IndexOf("OPTIONS:", StringComparison.Ordinal))].Split('\n')
                                                          where line.StartsWith("    ./lst ", StringComparison.Ordinal) && !line.Contains('[') && !line.Contains('<')
                                                          select line.Trim()];

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Split();
}
