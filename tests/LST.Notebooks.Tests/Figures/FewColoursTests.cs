using LST.Core;
using LST.Notebooks.Figures;
using LST.Notebooks.Tests.Packages;
using PuppeteerSharp;

namespace LST.Notebooks.Tests.Figures;

public class FewColoursTests
{
    // Largest difference of a channel between two pictures, as a browser reads them.
    private const string Difference = """
        async (first, second) => {
          const pixels = async (data) => {
            const image = new Image(); image.src = 'data:image/png;base64,' + data; await image.decode();
            const canvas = document.createElement('canvas'); [canvas.width, canvas.height] = [image.width, image.height];
            const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
            return context.getImageData(0, 0, image.width, image.height).data;
          };
          const [a, b] = [await pixels(first), await pixels(second)];
          if (a.length !== b.length) return 999;
          let most = 0;
          for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
          return most;
        }
        """;

    [Theory]
    [InlineData("background:#336699;width:200px;height:100px;border:3px solid #fff", 0)]
    [InlineData("background:linear-gradient(90deg,#ff0000,#0000ff,#00ff00,#ffff00,#ffffff);width:640px;height:200px", 16)]
    public async Task A_picture_stays_what_it_is_and_becomes_smaller(string style, int mostDifference)
    {
        var executable = ExternalProgram.Require("Chromium for pictures", "chromium", "chromium-browser", "google-chrome");
        await using var browser = await Puppeteer.LaunchAsync(new LaunchOptions { ExecutablePath = executable, Headless = true, Pipe = true, Args = ["--no-sandbox", "--proxy-server=127.0.0.1:9"] });
        await using var page = await browser.NewPageAsync();
        await page.SetContentAsync($"<body style='margin:9px'><div style='{style}'></div><p>Some text with soft edges.</p></body>");
        var picture = await page.ScreenshotDataAsync();

        var few = FewColours.Of(picture);

        Assert.InRange(await page.EvaluateFunctionAsync<int>(Difference, Convert.ToBase64String(picture), Convert.ToBase64String(few)), 0, mostDifference);
        Assert.True(few.Length < picture.Length, $"{few.Length} of {picture.Length} bytes");
        Assert.Equal(few, FewColours.Of(picture));
    }

    [Fact]
    public void What_is_no_screenshot_is_refused()
    {
        Assert.Throws<DataException>(() => FewColours.Of([1, 2, 3]));
        Assert.Contains("colour type 3", Assert.Throws<DataException>(() => FewColours.Of(PngFile.Write(2, 1, [0x112233, 0xFFFFFF], [0, 1]))).Message);
    }
}
