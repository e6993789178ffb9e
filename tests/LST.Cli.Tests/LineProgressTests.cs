using LST.Cli.Terminal;

namespace LST.Cli.Tests;

public class LineProgressTests
{
    private readonly StringWriter writer = new() { NewLine = "\n" };

    private string[] Lines => writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Quick_work_is_two_lines_the_start_and_the_end()
    {
        var progress = new LineProgress(writer);

        progress.Begin("lst-ref · api · e1", 500);
        for (var i = 0; i < 500; i++) progress.Advance(detail: "dense ppl 4.20");

        Assert.Equal(2, Lines.Length);
        Assert.Equal("lst-ref · api · e1: 500 chunks", Lines[0]);
        Assert.Matches(@"^lst-ref · api · e1: 500/500 chunks, [0-9.]+ a second, 00:00:0\d in all, dense ppl 4\.20$", Lines[1]);
    }

    [Fact]
    public void Work_that_goes_on_says_what_was_finished_earlier()
    {
        var progress = new LineProgress(writer);

        progress.Begin("api", 10, done: 7, unit: "chunks");
        progress.Advance(3);

        Assert.Equal("api: 10 chunks, 7 of them finished earlier", Lines[0]);
        Assert.StartsWith("api: 10/10 chunks, ", Lines[1]);
    }

    [Fact]
    public void A_note_is_a_line_of_its_own()
    {
        var progress = new LineProgress(writer);

        progress.Begin("reading", 8, unit: "layers");
        progress.Note("no sidecar for lst at 8:1");

        Assert.Equal(["reading: 8 layers", "no sidecar for lst at 8:1"], Lines);
    }

    [Fact]
    public void Standard_error_that_is_no_terminal_gets_lines_without_escapes()
    {
        using var cli = new CliRun();

        var result = cli.Run("generate", "--prompt", "hi", "--tokens", "1");

        Assert.Equal(0, result.ExitCode);
        Assert.Equal("reading lst-ref: 8 layers", result.ErrorLines[0]);
        Assert.StartsWith("reading lst-ref: 8/8 layers, ", result.ErrorLines[1]);
        Assert.DoesNotContain('\u001b', result.Error);
        Assert.DoesNotContain('\r', result.Error);
    }
}
