using System.Buffers.Binary;
using LST.Core;
using LST.Notebooks.Figures;
using LST.Notebooks.Tests.Packages;

namespace LST.Notebooks.Tests.Figures;

/// <summary>One browser for all figures of these tests.</summary>
public sealed class PngRendererTests(PngRendererTests.OneBrowser shared) : IClassFixture<PngRendererTests.OneBrowser>
{
    public sealed class OneBrowser : IAsyncDisposable
    {
        public PngRenderer Renderer { get; } = new();

        public ValueTask DisposeAsync() => Renderer.DisposeAsync();
    }

    public static TheoryData<string> Names => SampleFigures.AllNames;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_figure_becomes_a_picture_of_its_size_without_an_error(string name)
    {
        Chromium();
        var figure = SampleFigures.Of(name);

        var png = await shared.Renderer.Render(figure, TestContext.Current.CancellationToken);

        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "pictures"));
        File.WriteAllBytes(Path.Combine(folder.FullName, name + ".png"), png);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        Assert.Equal(figure.Width * PngRenderer.Scale, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)));
        Assert.Equal(figure.Height * PngRenderer.Scale, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
        Assert.InRange(png.Length, 8_000, 600_000);
    }

    [Fact]
    public async Task Same_figure_gives_the_same_bytes_whatever_was_drawn_before()
    {
        Chromium();
        var stop = TestContext.Current.CancellationToken;
        await using var other = new PngRenderer();

        var first = await shared.Renderer.Render(SampleFigures.Of("errors"), stop);
        await shared.Renderer.Render(SampleFigures.Of("ledger"), stop);
        var again = await shared.Renderer.Render(SampleFigures.Of("errors"), stop);
        var elsewhere = await other.Render(SampleFigures.Of("errors"), stop);

        Assert.Equal(first, again);
        Assert.Equal(first, elsewhere);
    }

    [Fact]
    public async Task Crashed_browser_is_started_again()
    {
        Chromium();
        var stop = TestContext.Current.CancellationToken;
        await using var renderer = new PngRenderer();
        var before = await renderer.Render(SampleFigures.Of("errors"), stop);
        var crashed = renderer.Process!;
        crashed.Kill(entireProcessTree: true);
        await crashed.WaitForExitAsync(stop);

        var after = await renderer.Render(SampleFigures.Of("errors"), stop);

        Assert.Equal(before, after);
        Assert.NotEqual(crashed.Id, renderer.Process!.Id);
    }

    [Fact]
    public async Task Program_that_is_no_browser_is_one_sentence()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("needs /bin/false");
        await using var renderer = new PngRenderer("/bin/false");

        var refused = await Assert.ThrowsAsync<FigureRenderException>(() => renderer.Render(SampleFigures.Of("errors"), TestContext.Current.CancellationToken));

        Assert.Contains("the browser failed twice", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task What_plotly_refuses_fails_with_its_words()
    {
        Chromium();
        var figure = SampleFigures.Of("errors");
        // A type that plotly.js does not know is drawn as scatter; a callback that is none makes it throw.
        var broken = figure with { Name = "broken", Chart = PlotlyChart.Of([], new() { ["xaxis"] = new System.Text.Json.Nodes.JsonObject { ["matches"] = "x2" }, ["grid"] = new System.Text.Json.Nodes.JsonObject { ["subplots"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonArray(1)), } }) };

        var refused = await Assert.ThrowsAsync<FigureRenderException>(() => shared.Renderer.Render(broken, TestContext.Current.CancellationToken));

        Assert.Contains("'broken'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("plotly.js reports", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_browser_says_what_to_install()
    {
        var nowhere = Assert.Throws<BrowserMissingException>(() => BrowserProgram.Find(null, "/nowhere"));
        var wrong = Assert.Throws<BrowserMissingException>(() => BrowserProgram.Find("/nowhere/chrome", "/usr/bin"));

        Assert.Contains("apt-get install chromium", nowhere.Message, StringComparison.Ordinal);
        Assert.Contains("'/nowhere/chrome'", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(1, ((LstException)nowhere).ExitCode);
    }

    internal static string Chromium() => ExternalProgram.Require("Chromium for pictures", "chromium", "chromium-browser", "google-chrome");
}
