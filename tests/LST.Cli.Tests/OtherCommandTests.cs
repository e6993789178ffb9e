namespace LST.Cli.Tests;

public sealed class OtherCommandTests : IDisposable
{
    private readonly CliRun cli = new();

    [Fact]
    public void Verify_of_a_missing_folder_is_one_sentence() => cli.Refuses(1, ["nope' with reference outputs is not there"], "verify", cli.At("nope"));

    [Fact]
    public void Verify_of_an_empty_folder_counts_nothing_and_fails()
    {
        var result = cli.Run("verify", Directory.CreateDirectory(cli.At("empty")).FullName);

        Assert.Equal((1, "0 passed, 0 failed\n"), (result.ExitCode, result.Output));
        Assert.Contains("must hold reference outputs that this build can check, but it has none", Assert.Single(result.ErrorLines));
    }

    [Theory]
    [InlineData("nope", "does not exist")]
    [InlineData("text.txt", "is not a valid llama2.c checkpoint")]
    [InlineData("empty", "empty")]
    public void Convert_of_wrong_files_is_one_sentence_and_leaves_no_folder(string bin, string sentence)
    {
        cli.Write("text.txt", new string('x', 1000));
        cli.Write("empty", "");

        cli.Refuses(1, [sentence], "convert", "llama2c", cli.At(bin), cli.At("text.txt"), cli.At("out"));
        Assert.False(Directory.Exists(cli.At("out")));
    }

    [Fact]
    public void Convert_with_another_models_tokenizer_leaves_no_folder()
    {
        var bin = Shared.Require("data/checkpoints/stories260K/stories260K.bin");

        cli.Refuses(1, ["tokens.bin"], "convert", "llama2c", bin, cli.Write("tokens.bin", "no vocabulary"), cli.At("out"));
        Assert.Empty(Directory.GetDirectories(cli.Folder));
    }

    [Fact]
    public void Convert_refuses_a_target_that_holds_something_and_makes_one_that_generates()
    {
        var bin = Shared.Require("data/checkpoints/stories260K/stories260K.bin");
        var tokens = Shared.Require("data/checkpoints/stories260K/tok512.bin");
        cli.Write("taken/notes.txt", "mine");
        cli.Refuses(1, ["it holds something already"], "convert", "llama2c", bin, tokens, cli.At("taken"));

        var converted = cli.Run("convert", "llama2c", bin, tokens, cli.At("stories"));
        var story = cli.Run("generate", "--model", cli.At("stories"), "--prompt", "Once upon a time", "--tokens", "12");

        Assert.Equal((0, 0), (converted.ExitCode, story.ExitCode));
        Assert.StartsWith("wrote ", converted.Output);
        Assert.NotEmpty(story.Output.Trim());
    }

    [Fact]
    public void Generate_prints_the_text_alone_and_says_the_rest_on_standard_error()
    {
        var first = cli.Run("generate", "--prompt", "The method returns", "--tokens", "6", "--method", "streaming:sinks=1", "--ratio", "2");
        var again = cli.Run("generate", "--prompt", "The method returns", "--tokens", "6", "--method", "streaming:sinks=1", "--ratio", "2");

        Assert.Equal(0, first.ExitCode);
        Assert.Equal(first.Output, again.Output);
        Assert.Equal('\n', first.Output[^1]);
        Assert.Contains("streaming:sinks=1: 4 prompt tokens in 2 slots a head (2.00:1, ", first.Error);
        Assert.Contains("6 new tokens", first.Error);
    }

    [Fact]
    public void Generate_online_says_what_the_cache_became_at_the_end()
    {
        var prompt = string.Join(' ', Enumerable.Repeat("The method returns the number of elements.", 6));

        var result = cli.Run("generate", "--prompt", prompt, "--tokens", "20", "--method", "mean:log-mass=true", "--ratio", "2", "--online");

        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"online: \d+ tokens in [\d.]+ slots a head at the end \([\d.]+:1\), \d+ bytes allocated", result.Error);
    }

    [Theory]
    [InlineData("method 'snapkv' compresses a prompt once and cannot go on while tokens arrive; methods that can: mean, streaming, h2o, tova", "snapkv", "2")]
    [InlineData("give a ratio above 1", "mean", "1")]
    [InlineData("it depends on n", "mean:recent=n/2", "2")]
    public void Generate_online_of_what_cannot_go_on_is_one_sentence(string sentence, string method, string ratio) =>
        cli.Refuses(2, [sentence], "generate", "--prompt", "The method returns", "--tokens", "4", "--method", method, "--ratio", ratio, "--online");

    [Fact]
    public void Several_prompts_are_one_batch_with_a_line_each()
    {
        var result = cli.Run("generate", "--prompt", "The method", "--prompt", "Returns a value that", "--tokens", "4");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("[0] ", result.Output);
        Assert.Contains("\n[1] ", result.Output);
    }

    [Fact]
    public void Doctor_says_what_is_here_and_ends_well()
    {
        var result = cli.Run("doctor");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        foreach (var what in new[] { "system ", "processor ", "memory ", "libtorch ", "gpu ", "browser ", "jupyter ", "model lst-ref ", "model smollm2 ", "texts " })
            Assert.Single(result.Output.Split('\n'), line => line.StartsWith(what, StringComparison.Ordinal));
        Assert.Contains("model lst-ref  llama, 8.5 M parameters", result.Output);
    }

    [Fact]
    public void Data_list_has_a_row_for_every_text_and_a_remedy_for_every_missing_one()
    {
        cli.Set("LST_DATA", Directory.CreateDirectory(cli.At("data")).FullName);

        var result = cli.Run("data", "list");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var lines = result.Output.Split('\n');
        foreach (var name in new[] { "wikitext2", "api", "books", "wiki-dev", "api-dev", "books-dev", "api-train", "corpus" })
        {
            var row = Assert.Single(lines, line => line.TrimStart().StartsWith(name + " ", StringComparison.Ordinal) && !line.Contains(" is missing: ", StringComparison.Ordinal));
            Assert.Equal(row.Contains(" missing ", StringComparison.Ordinal), lines.Any(line => line.StartsWith($"{name} is missing: ", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void A_run_that_is_stopped_before_its_first_chunk_leaves_nothing_behind()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var text = cli.Write("text.txt", string.Join(' ', Enumerable.Range(0, 300)));

        cli.Run(stop.Token, "eval", "ppl", "--text", text, "--prefix", "16", "--suffix", "8").FailsWith(130, "stopped; what was finished is kept");

        Assert.Equal(["text.txt"], cli.Files());
    }

    public void Dispose() => cli.Dispose();
}
