using System.Buffers.Binary;
using System.Text.Json.Nodes;
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

    public static TheoryData<string> SmallNames => SampleFigures.SmallNames;

    public static TheoryData<string> RealNames => SampleFigures.RealNames;

    [Theory]
    [MemberData(nameof(SmallNames))]
    public Task Every_figure_becomes_a_picture_of_its_size_without_an_error(string name) => Draws(name);

    [Theory]
    [Trait("Category", "slow")]
    [MemberData(nameof(RealNames))]
    public Task Figures_of_a_notebooks_size_become_pictures_too(string name) => Draws(name);

    // The pictures stay beside the test program: a person looks at them after a change.
    private async Task Draws(string name)
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
    public async Task Figure_that_reaches_for_the_network_fails_with_the_browsers_words()
    {
        Chromium();
        var logo = new JsonObject { ["source"] = "http://example.com/logo.png", ["xref"] = "paper", ["yref"] = "paper", ["x"] = 0, ["y"] = 1, ["sizex"] = 1, ["sizey"] = 1 };
        var figure = SampleFigures.Of("errors") with { Name = "with-logo", Chart = PlotlyChart.Of([new JsonObject { ["type"] = "scatter", ["y"] = new JsonArray(1, 2) }], new JsonObject { ["images"] = new JsonArray(logo) }) };

        var refused = await Assert.ThrowsAsync<FigureRenderException>(() => shared.Renderer.Render(figure, TestContext.Current.CancellationToken));
        var next = await shared.Renderer.Render(SampleFigures.Of("errors"), TestContext.Current.CancellationToken);

        Assert.Contains("'with-logo'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ERR_", refused.Message, StringComparison.Ordinal);
        Assert.True(next.Length > 8_000);
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
