using System.Text.Json;
using System.Text.RegularExpressions;
using LST.Notebooks.Figures;
using PuppeteerSharp;

namespace LST.Notebooks.Tests.Figures;

/// <summary>Figures as HTML, opened from a file in a browser that reaches nothing.</summary>
public sealed class FigureHtmlTests
{
    private const string Drawn = "document.querySelectorAll('.main-svg').length > 0";

    [Fact]
    public async Task Live_figure_draws_offline_and_its_slider_moves_the_data()
    {
        await using var page = await Opened(FigureHtml.Live(SampleFigures.Of("ledger"), null, withLibrary: true));

        await page.Page.WaitForExpressionAsync(Drawn);
        const string bars = "JSON.stringify(document.querySelector('.js-plotly-plot').data.map(t => t.y))";
        var before = await page.Page.EvaluateExpressionAsync<string>(bars);
        var sentence = await page.Page.EvaluateExpressionAsync<string>("document.querySelector('.js-plotly-plot').layout.annotations[0].text");
        var step = await page.Page.EvaluateExpressionAsync<int>("document.querySelector('.js-plotly-plot').layout.sliders[0].active");
        var rail = await page.Page.EvaluateExpressionAsync<double[]>("(r => [r.left, r.right, r.top + r.height / 2])(document.querySelector('.slider-rail-touch-rect').getBoundingClientRect())");
        await page.Page.Mouse.ClickAsync((decimal)(step == 2 ? rail[0] + 6 : rail[1] - 6), (decimal)rail[2]);
        // The handle moves first, its step is done in the next frame.
        await page.Page.WaitForExpressionAsync($"document.querySelector('.js-plotly-plot').layout.sliders[0].active !== {step} && document.querySelector('.js-plotly-plot').layout.annotations[0].text !== {JsonSerializer.Serialize(sentence)}");
        var after = await page.Page.EvaluateExpressionAsync<string>(bars);
        var button = await page.Page.EvaluateExpressionAsync<double[]>("(r => [r.left + r.width / 2, r.top + r.height / 2])(document.querySelectorAll('.updatemenu-button')[1].getBoundingClientRect())");
        await page.Page.Mouse.ClickAsync((decimal)button[0], (decimal)button[1]);
        await page.Page.WaitForExpressionAsync("document.querySelector('.js-plotly-plot').data[3].visible === true && document.querySelector('.js-plotly-plot').data[1].visible === false");

        Assert.NotEqual(before, after);
        Assert.Empty(page.Errors);
    }

    [Fact]
    public async Task Hover_over_a_cell_of_attention_names_both_tokens_with_their_positions_while_ticks_stay_short()
    {
        var map = new SampleViews(11).Attention(6, 8);
        await using var page = await Opened(FigureHtml.Live(Draw.AttentionHeatMap(map), null, withLibrary: true));
        await page.Page.WaitForExpressionAsync(Drawn);

        var cell = await page.Page.EvaluateExpressionAsync<double[]>("(r => [r.left + 0.5 * r.width / 8, r.top + 1.5 * r.height / 6])(document.querySelector('.nsewdrag').getBoundingClientRect())");
        await page.Page.Mouse.MoveAsync((decimal)cell[0], (decimal)cell[1]);
        await page.Page.WaitForExpressionAsync("document.querySelector('.hovertext') !== null");
        var said = await page.Page.EvaluateExpressionAsync<string>("[...document.querySelectorAll('.hovertext tspan.line')].map(line => line.textContent).join('|')");
        var ticks = await page.Page.EvaluateExpressionAsync<string>("[...document.querySelectorAll('.xtick text')].map(tick => tick.textContent).join('|')");

        Assert.Equal($"“holds” at 3 reads “<s>” at 0|weight {map.Weights[1][0]:0.0000}|layer 3, head 5", said);
        Assert.Equal("<s>|·The|·cache|holds|·a|·key|and|·a", ticks);
        Assert.Empty(page.Errors);
    }

    [Fact]
    public async Task Live_figure_fits_a_narrow_column_and_still_answers_the_mouse()
    {
        const string plot = "document.querySelector('.js-plotly-plot')", width = "Math.round(document.querySelector('.main-svg').getBoundingClientRect().width)";
        await using var page = await Opened(FigureHtml.Live(SampleFigures.Of("ledger"), null, withLibrary: true));
        await page.Page.WaitForExpressionAsync(Drawn);
        var whole = await page.Page.EvaluateExpressionAsync<int>(width);

        await page.Page.SetViewportAsync(new ViewPortOptions { Width = 600, Height = 1000 });
        await page.Page.WaitForExpressionAsync($"{width} < 600 && document.documentElement.scrollWidth <= 600");
        var bar = await page.Page.EvaluateExpressionAsync<double[]>("(r => [r.left + r.width / 2, r.bottom - 2])(document.querySelector('.trace.bars path').getBoundingClientRect())");
        await page.Page.Mouse.MoveAsync((decimal)bar[0], (decimal)bar[1]);
        await page.Page.WaitForExpressionAsync("document.querySelector('.hovertext')?.textContent.includes(' 0: ')");
        var rail = await page.Page.EvaluateExpressionAsync<double[]>("(r => [r.left + 6, r.right - 6, r.top + r.height / 2])(document.querySelector('.slider-rail-touch-rect').getBoundingClientRect())");
        foreach (var (end, step) in new[] { (1, 2), (0, 0) })
        {
            await page.Page.Mouse.ClickAsync((decimal)rail[end], (decimal)rail[2]);
            await page.Page.WaitForExpressionAsync($"{plot}.layout.sliders[0].active === {step}");
        }
        await page.Page.SetViewportAsync(new ViewPortOptions { Width = 1100, Height = 1000 });
        await page.Page.WaitForExpressionAsync($"{width} === {whole}");

        Assert.Equal(SampleFigures.Of("ledger").Width, whole);
        Assert.Empty(page.Errors);
    }

    [Fact]
    public async Task Buttons_over_a_live_figure_leave_its_title_free()
    {
        await using var page = await Opened(FigureHtml.Live(SampleFigures.Of("ledger"), null, withLibrary: true));
        await page.Page.WaitForExpressionAsync(Drawn + " && document.querySelector('.modebar-container')?.style.top.startsWith('-')");

        var (buttons, title) = (await Box(".modebar"), await Box(".gtitle"));

        Assert.True(buttons[1] > buttons[0] && buttons[1] <= title[0], $"buttons from {buttons[0]} to {buttons[1]}, title from {title[0]} px");

        Task<double[]> Box(string selector) => page.Page.EvaluateExpressionAsync<double[]>($"(r => [r.top, r.bottom])(document.querySelector('{selector}').getBoundingClientRect())");
    }

    [Fact]
    public async Task Later_figures_use_the_library_of_the_first_in_whatever_order_they_come()
    {
        var early = FigureHtml.Live(SampleFigures.Of("errors"), null, withLibrary: false);
        var carrier = FigureHtml.Live(SampleFigures.Of("logmass"), null, withLibrary: true);
        var late = FigureHtml.Live(SampleFigures.Of("tails"), null, withLibrary: false);

        await using var page = await Opened("<script>window.define=function(){throw new Error('require.js was asked');};window.define.amd={};window.Plotly='of the page';</script>" + early + carrier + late);
        await page.Page.WaitForExpressionAsync("document.querySelectorAll('.js-plotly-plot').length === 3 && [...document.querySelectorAll('.js-plotly-plot')].every(p => p.querySelector('.main-svg'))");

        Assert.True(await page.Page.EvaluateExpressionAsync<bool>("window.define.amd !== undefined && window.Plotly === 'of the page'"));
        Assert.Empty(page.Errors);
        Assert.True(early.Length < 100_000 && late.Length < 200_000);
        Assert.InRange(carrier.Length, 3_000_000, 5_000_000);
    }

    [Fact]
    public async Task Page_with_only_a_later_figure_draws_from_the_browsers_store_and_else_keeps_the_picture()
    {
        byte[] dot = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");
        var later = FigureHtml.Live(SampleFigures.Of("errors"), dot, withLibrary: false);

        await using var page = await Opened(later);
        await page.Page.WaitForExpressionAsync("document.body.textContent.includes('run the notebook')");
        Assert.Equal(1, await page.Page.EvaluateExpressionAsync<int>("document.querySelectorAll('img[alt]').length"));
        await page.Show(FigureHtml.Live(SampleFigures.Of("logmass"), dot, withLibrary: true));
        await page.Page.WaitForExpressionAsync(Drawn);
        await page.Page.WaitForExpressionAsync("new Promise(r => { const o = indexedDB.open('lst-plotly', 1); o.onsuccess = () => { const g = o.result.transaction('script').objectStore('script').get('plotly'); g.onsuccess = () => r(!!g.result); }; })");
        await page.Show(later);
        await page.Page.WaitForExpressionAsync(Drawn);

        Assert.Equal(0, await page.Page.EvaluateExpressionAsync<int>("document.querySelectorAll('img[alt]').length"));
        Assert.Empty(page.Errors);
    }

    [Fact]
    public async Task Report_page_loads_the_library_once_for_all_figures()
    {
        await using var page = await Opened(FigureHtml.Library() + FigureHtml.Static(SampleFigures.Of("errors")) + FigureHtml.Static(SampleFigures.Of("cloud")));

        await page.Page.WaitForExpressionAsync("document.querySelectorAll('.js-plotly-plot .main-svg').length >= 2 && typeof Plotly.version === 'string'");

        Assert.Empty(page.Errors);
    }

    [Fact]
    public void Nothing_in_a_fragment_can_close_its_script_and_ids_are_unique()
    {
        var figure = SampleFigures.Of("attention") with { Description = "\"><script>alert(1)</script>" };

        var (one, two) = (FigureHtml.Live(figure, null, withLibrary: false), FigureHtml.Static(figure, [1, 2, 3]));

        Assert.DoesNotContain("alert(1)</script>", one + two, StringComparison.Ordinal);
        Assert.All(Regex.Matches(one + two, "<script>(.*?)</script>", RegexOptions.Singleline), script => Assert.DoesNotContain('<', Regex.Match(script.Groups[1].Value, @"f=(\{.*?\}),e=").Groups[1].Value));
        Assert.NotEqual(Id(one), Id(FigureHtml.Live(figure, null, withLibrary: false)));
        Assert.Contains("src=\"data:image/png;base64,AQID\"", two, StringComparison.Ordinal);

        static string Id(string html) => Regex.Match(html, "id=\"(lst-[0-9a-f]+)\"").Groups[1].Value;
    }

    private static async Task<OpenedPage> Opened(string fragment)
    {
        var browser = await Puppeteer.LaunchAsync(new LaunchOptions { ExecutablePath = PngRendererTests.Chromium(), Headless = true, Pipe = true, Args = ["--no-sandbox", "--proxy-server=127.0.0.1:9", "--disable-gpu", "--disable-dev-shm-usage"] });
        var page = await browser.NewPageAsync();
        await page.SetViewportAsync(new ViewPortOptions { Width = 1100, Height = 1000 });
        var opened = new OpenedPage(browser, page, Directory.CreateTempSubdirectory("lst-figure-").FullName);
        page.PageError += (_, e) => opened.Errors.Add(e.Message);
        page.Console += (_, e) =>
        {
            if (e.Message.Type == ConsoleType.Error) opened.Errors.Add(e.Message.Text);
        };
        await opened.Show(fragment);
        return opened;
    }

    private sealed record OpenedPage(IBrowser Browser, IPage Page, string Folder) : IAsyncDisposable
    {
        public List<string> Errors { get; } = [];

        public async Task Show(string fragment)
        {
            var file = Path.Combine(Folder, "figure.html");
            File.WriteAllText(file, $"<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body>{fragment}</body></html>");
            await Page.GoToAsync(new Uri(file).AbsoluteUri);
        }

        public async ValueTask DisposeAsync()
        {
            await Browser.DisposeAsync();
            Directory.Delete(Folder, recursive: true);
        }
    }
}
