using PuppeteerSharp;

namespace LST.Notebooks.Figures;

/// <summary>
/// Figures as PNG of at most 256 colours, twice the figure's pixels, by one hidden browser for all of them. It is started at the first figure, started again once when it
/// crashes or hangs, and never reaches a network. The same figure gives the same bytes on the same machine.
/// </summary>
/// <param name="browserPath">The browser; null: <see cref="BrowserProgram.Find()"/> at the first figure.</param>
public sealed class PngRenderer(string? browserPath = null) : IAsyncDisposable
{
    /// <summary>Pixels of the picture for each pixel of the figure.</summary>
    public const int Scale = 2;

    private const int LimitMilliseconds = 60_000;

    // Errors are kept by the page itself: the events of the protocol may arrive after the picture.
    private const string Page = """
        <!DOCTYPE html><html><head><meta charset="utf-8"><style>html,body{margin:0;background:#fff}</style><script>
        window.lstErrors=[];
        window.addEventListener('error',e=>lstErrors.push(String(e.message)));
        window.addEventListener('unhandledrejection',e=>lstErrors.push(String(e.reason)));
        console.error=(...parts)=>lstErrors.push(parts.map(String).join(' '));
        </script></head><body><div id="figure"></div></body></html>
        """;

    private const string DrawFunction = """
        async json => {
          const figure = JSON.parse(json), place = document.getElementById('figure');
          lstErrors.length = 0;
          try {
            await Plotly.newPlot(place, figure.data, figure.layout, {staticPlot: true, displayModeBar: false});
            await document.fonts.ready;
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          } catch (error) { lstErrors.push(String(error)); }
          if (!place.querySelector('.main-svg')) lstErrors.push('nothing was drawn');
          return lstErrors.slice();
        }
        """;

    private readonly SemaphoreSlim oneAtATime = new(1, 1);
    // What the browser itself logs, such as a resource that it cannot load, never passes through the page's own console.
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> logged = new();
    private IBrowser? browser;
    private IPage? page;

    /// <summary>Process of the browser; null before the first figure.</summary>
    internal System.Diagnostics.Process? Process => browser?.Process;

    /// <summary>The figure as PNG.</summary>
    /// <exception cref="BrowserMissingException">There is no browser.</exception>
    /// <exception cref="FigureRenderException">The page reported an error while it drew, or the browser failed twice.</exception>
    public async Task<byte[]> Render(Figure figure, CancellationToken cancellation = default)
    {
        await oneAtATime.WaitAsync(cancellation);
        try
        {
            var json = figure.ToPlotlyJson().ToJsonString();
            try
            {
                return await Draw(figure, json).WaitAsync(TimeSpan.FromMilliseconds(2 * LimitMilliseconds), cancellation);
            }
            catch (Exception crashed) when (IsBrowserFailure(crashed))
            {
                await Stop();
                return await Draw(figure, json).WaitAsync(TimeSpan.FromMilliseconds(2 * LimitMilliseconds), cancellation);
            }
        }
        catch (Exception crashed) when (IsBrowserFailure(crashed))
        {
            await Stop();
            throw new FigureRenderException($"The figure '{figure.Name}' has no picture because the browser failed twice ({crashed.Message.ReplaceLineEndings(" ").TrimEnd('.')}); try another one in {BrowserProgram.Variable}.", crashed);
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    /// <summary>Closes the browser; the next figure starts another one.</summary>
    public async Task Close()
    {
        await oneAtATime.WaitAsync();
        try
        {
            await Stop();
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    /// <summary>Closes the browser for good.</summary>
    public async ValueTask DisposeAsync()
    {
        await Stop();
        oneAtATime.Dispose();
    }

    private static bool IsBrowserFailure(Exception exception) => exception is PuppeteerException or ProcessException or TimeoutException or IOException or ObjectDisposedException or System.Net.WebSockets.WebSocketException;

    private async Task<byte[]> Draw(Figure figure, string json)
    {
        var current = page ??= await Open();
        await current.SetViewportAsync(new ViewPortOptions { Width = figure.Width, Height = figure.Height, DeviceScaleFactor = Scale });
        logged.Clear();
        var inPage = await current.EvaluateFunctionAsync<string[]>(DrawFunction, json);
        string[] errors = [.. inPage, .. logged];
        if (errors.Length > 0) throw new FigureRenderException($"The figure '{figure.Name}' has no picture because plotly.js reports: {string.Join("; ", errors)}.");
        var picture = await current.ScreenshotDataAsync(new ScreenshotOptions
        {
            Type = ScreenshotType.Png, Clip = new PuppeteerSharp.Media.Clip { X = 0, Y = 0, Width = figure.Width, Height = figure.Height }, CaptureBeyondViewport = false,
        });
        await current.EvaluateExpressionAsync("Plotly.purge('figure')");
        return FewColours.Of(picture);
    }

    private async Task<IPage> Open()
    {
        List<string> arguments = ["--proxy-server=127.0.0.1:9", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb", "--font-render-hinting=none", "--disable-lcd-text"];
        // Chromium's sandbox refuses root.
        if (Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows()) arguments.Add("--no-sandbox");
        browser = await Puppeteer.LaunchAsync(new LaunchOptions
        {
            ExecutablePath = browserPath ?? BrowserProgram.Find(), Headless = true, Pipe = true, Args = [.. arguments], Timeout = LimitMilliseconds, ProtocolTimeout = LimitMilliseconds,
        });
        var opened = await browser.NewPageAsync();
        opened.PageError += (_, error) => logged.Enqueue(error.Message);
        opened.Console += (_, said) =>
        {
            if (said.Message.Type == ConsoleType.Error) logged.Enqueue(said.Message.Text);
        };
        await opened.SetContentAsync(Page);
        await opened.EvaluateExpressionAsync(PlotlyScript.Text + ";0");
        return opened;
    }

    private async Task Stop()
    {
        var (old, running) = (browser, browser?.Process);
        (browser, page) = (null, null);
        if (old is null) return;
        try
        {
            await old.CloseAsync().WaitAsync(TimeSpan.FromSeconds(5));
        }
        catch (Exception exception) when (IsBrowserFailure(exception))
        {
            if (running is { HasExited: false }) running.Kill(entireProcessTree: true);
        }
    }
}
