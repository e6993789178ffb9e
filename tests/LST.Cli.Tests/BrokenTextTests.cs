namespace LST.Cli.Tests;

public sealed class BrokenTextTests : IDisposable
{
    private readonly CliRun cli = new();

    public static TheoryData<string, byte[], string> Contents { get; } = new()
    {
        { "empty", [], "is empty" },
        { "too short", "One word."u8.ToArray(), "one chunk needs 23 ids, the whole text has" },
        { "not UTF-8", [.. "caf"u8, 0xE9, .. " au lait"u8], "must be UTF-8, but byte 3 begins an invalid sequence" },
        { "UTF-16", [0xFF, 0xFE, 0x41, 0x00], "must be UTF-8, but byte 0" },
        { "torn gzip", [0x1F, 0x8B, 0x08, 0x00, 0x01], "begins as gzip but cannot be unpacked" },
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public void A_broken_text_is_one_sentence_and_exit_code_1(string what, byte[] content, string sentence)
    {
        Assert.NotEmpty(what);
        var text = cli.Write("text.txt", content);

        cli.Refuses(1, [sentence], "eval", "ppl", "--text", text, "--prefix", "16", "--suffix", "8");
    }

    [Fact]
    public void A_missing_text_file_is_one_sentence() =>
        cli.Refuses(1, ["nope.txt' does not exist; give the path of a UTF-8 file"], "eval", "ppl", "--text", cli.At("nope.txt"));

    [Fact]
    public void A_folder_is_no_text() => cli.Refuses(1, ["must be a file, but it is a folder"], "eval", "ppl", "--text", cli.Folder);

    [Fact]
    public void One_bad_text_of_several_is_noticed_before_the_first_one_runs()
    {
        var good = cli.Write("good.txt", string.Join(' ', Enumerable.Repeat("word", 200)));

        var result = cli.Run("eval", "ppl", "--text", $"{good},{cli.At("nope.txt")}", "--prefix", "16", "--suffix", "8");

        result.FailsWith(1, "nope.txt");
        Assert.Single(result.ErrorLines);
    }

    [Fact]
    public void A_file_name_with_line_breaks_and_escapes_stays_one_line()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Windows has no such file names");
        var text = cli.Write("a\nb\u001b[31m.txt", "");

        cli.Refuses(1, ["a b [31m.txt' is empty"], "eval", "ppl", "--text", text);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(null, "is not there")]
    public void A_prompt_file_without_a_prompt_is_one_sentence(string? content, string sentence)
    {
        if (content is not null) cli.Write("prompt.txt", content);

        cli.Refuses(1, [sentence], "generate", "--prompt-file", cli.At("prompt.txt"));
    }

    [Fact]
    public void A_prompt_file_that_is_not_UTF8_is_one_sentence() =>
        cli.Refuses(1, ["must be UTF-8"], "generate", "--prompt-file", cli.Write("prompt.txt", [0x41, 0xFF]));

    public void Dispose() => cli.Dispose();
}
