using Spectre.Console;

namespace LST.Notebooks.Tests.Packages;

public class SpectreConsoleTests
{
    [Theory]
    [InlineData(true, "100%")]
    // In a log it prints a line a quarter and leaves out the last ones: whoever needs the end writes it himself.
    [InlineData(false, "chunks: 50%")]
    public void Progress_draws_a_bar_in_a_terminal_and_plain_lines_in_a_log(bool terminal, string expected)
    {
        var writer = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = terminal ? AnsiSupport.Yes : AnsiSupport.No,
            Interactive = terminal ? InteractionSupport.Yes : InteractionSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
        });
        console.Profile.Width = 80;

        console.Progress().AutoRefresh(false).Start(progress =>
        {
            var task = progress.AddTask("chunks", maxValue: 4);
            for (var chunk = 0; chunk < 4; chunk++)
            {
                task.Increment(1);
                progress.Refresh();
            }
            Assert.True(progress.IsFinished);
        });

        Assert.Contains("chunks", writer.ToString());
        Assert.Contains(expected, writer.ToString());
        Assert.Equal(terminal, writer.ToString().Contains('\u001b'));
    }
}
