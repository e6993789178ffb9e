using LST.Notebooks.Reproduction;
using LST.Notebooks.Tests.Packages;
using PuppeteerSharp;

namespace LST.Notebooks.Tests.Reproduction;

public class ReportPageTests
{
    [Fact]
    public async Task A_browser_without_a_network_draws_every_figure_and_shows_titles_and_records()
    {
        var executable = ExternalProgram.Require("Chromium for the report", "chromium", "chromium-browser", "google-chrome");
        using var checkout = new SmallCheckout("00-a", "01-b");
        await checkout.Reproducer().Run(TestContext.Current.CancellationToken);
        await using var browser = await Puppeteer.LaunchAsync(new LaunchOptions { ExecutablePath = executable, Headless = true, Args = ["--no-sandbox", "--proxy-server=127.0.0.1:9"] });
        await using var page = await browser.NewPageAsync();
        List<string> problems = [];
        page.Console += (_, message) => { if (message.Message.Type == ConsoleType.Error) problems.Add(message.Message.Text); };
        page.PageError += (_, error) => problems.Add(error.Message);

        await page.GoToAsync(new Uri(Path.Combine(checkout.Root, Reproducer.Report)).AbsoluteUri);
        await page.EvaluateExpressionAsync("places.forEach(draw)");
        await page.WaitForFunctionAsync("() => document.querySelectorAll('.figure .main-svg').length >= 2");

        await page.WaitForFunctionAsync("() => document.querySelector('.figure .modebar-container')?.style.top === '-26px'");
        // The buttons end above what is drawn.
        Assert.True(await page.EvaluateExpressionAsync<bool>("document.querySelector('.figure .modebar').getBoundingClientRect().bottom <= document.querySelector('.figure .main-svg').getBoundingClientRect().top + 1"));

        Assert.Empty(problems);
        var text = await page.EvaluateExpressionAsync<string>("document.body.innerText");
        Assert.Contains("Title of 00-a & more", text);
        Assert.Contains("ppl-a-00000000", text);
        Assert.Contains("./lst eval ppl --text '<a>'", text);
    }
}
