using System.Collections.Concurrent;
using LST.Notebooks.Tests.Figures;
using PuppeteerSharp;

namespace LST.Notebooks.Tests.FrontEnds;

/// <summary>A notebook opened in Jupyter's page by a hidden Chromium that reaches this machine and nothing else; used as a person would, by mouse.</summary>
internal sealed class NotebookPage : IAsyncDisposable
{
    private const int LimitMilliseconds = 240_000, DrawnMilliseconds = 30_000;

    private readonly IBrowser browser;

    private NotebookPage(IBrowser browser, IPage page) => (this.browser, Page) = (browser, page);

    public IPage Page { get; }

    /// <summary>What scripts threw or said as an error, and what could not be loaded, each with an address where there is one.</summary>
    public ConcurrentQueue<string> Errors { get; } = new();

    /// <summary>Addresses beyond this machine that were asked for.</summary>
    public ConcurrentQueue<string> Abroad { get; } = new();

    public static async Task<NotebookPage> Open(Uri address)
    {
        // Chromium goes to its own machine without the proxy. By pipe: it ends when this program does, however that happens.
        var browser = await Puppeteer.LaunchAsync(new LaunchOptions
        {
            ExecutablePath = PngRendererTests.Chromium(), Headless = true, Pipe = true, Args = ["--no-sandbox", "--proxy-server=127.0.0.1:9", "--disable-gpu", "--disable-dev-shm-usage"], Timeout = 60_000,
        });
        try
        {
            var opened = new NotebookPage(browser, await browser.NewPageAsync());
            await opened.Page.SetViewportAsync(new ViewPortOptions { Width = 1200, Height = 1000 });
            opened.Listen();
            await opened.Page.GoToAsync(address.AbsoluteUri, LimitMilliseconds);
            await opened.Until("!!(window.Jupyter && Jupyter.notebook && Jupyter.notebook.kernel && Jupyter.notebook.kernel.is_connected())", LimitMilliseconds);
            return opened;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Cell, Run All of the menu; returns when every code cell has its number.</summary>
    public async Task RunAll()
    {
        await Page.ClickAsync("#celllink");
        await (await Page.WaitForSelectorAsync("#run_all_cells", new WaitForSelectorOptions { Visible = true })).ClickAsync();
        await Until("Jupyter.notebook.get_cells().filter(cell => cell.cell_type === 'code').every(cell => typeof cell.input_prompt_number === 'number')", LimitMilliseconds);
    }

    /// <summary>Waits till an expression of the page is true; a page that never comes there fails the test with the expression and what went wrong until then.</summary>
    public async Task Until(string expression, int milliseconds = DrawnMilliseconds)
    {
        try
        {
            await Page.WaitForExpressionAsync(expression, new WaitForFunctionOptions { Timeout = milliseconds, PollingInterval = 100 });
        }
        catch (WaitTaskTimeoutException)
        {
            Assert.Fail($"After {milliseconds / 1000} s the page is still not: {expression}. Errors until then: {string.Join("; ", Errors)}");
        }
    }

    /// <summary>Pulls an element by the mouse to the place of another's share of width.</summary>
    public async Task Drag(string grip, string rail, double share)
    {
        await Page.EvaluateFunctionAsync("s => document.querySelector(s).scrollIntoView({block: 'center'})", rail);
        var (from, to) = (await Box(grip), await Box(rail));
        var (x, y) = (to[0] + (share * to[2]), to[1] + (to[3] / 2));
        await Page.Mouse.MoveAsync((decimal)(from[0] + (from[2] / 2)), (decimal)(from[1] + (from[3] / 2)));
        await Page.Mouse.DownAsync();
        await Page.Mouse.MoveAsync((decimal)x, (decimal)y, new PuppeteerSharp.Input.MoveOptions { Steps = 8 });
        await Page.Mouse.UpAsync();
    }

    /// <summary>Ends the browser.</summary>
    public ValueTask DisposeAsync() => browser.DisposeAsync();

    private void Listen()
    {
        Page.PageError += (_, thrown) => Errors.Enqueue(thrown.Message);
        Page.RequestFailed += (_, failed) => Errors.Enqueue($"{failed.Request.Url}: {failed.Request.FailureText}");
        Page.Console += (_, said) =>
        {
            if (said.Message.Type == ConsoleType.Error) Errors.Enqueue($"{said.Message.Text} {said.Message.Location?.URL}");
        };
        Page.Request += (_, asked) =>
        {
            if (asked.Request.Url.StartsWith("http", StringComparison.Ordinal) && !new Uri(asked.Request.Url).IsLoopback) Abroad.Enqueue(asked.Request.Url);
        };
    }

    private Task<double[]> Box(string selector) =>
        Page.EvaluateFunctionAsync<double[]>("s => (r => [r.left, r.top, r.width, r.height])(document.querySelector(s).getBoundingClientRect())", selector);
}
