using System.Buffers.Binary;
using Microsoft.FSharp.Core;
using Plotly.NET;
using Plotly.NET.ImageExport;
using Chart = Plotly.NET.CSharp.Chart;

namespace LST.Notebooks.Tests.Packages;

public class PlotlyImageExportTests
{
    [Fact]
    public async Task The_machines_own_chromium_draws_a_chart_to_png_without_a_network()
    {
        var browser = ExternalProgram.Require("Chromium for PNG export", "chromium", "chromium-browser", "google-chrome");
        PuppeteerSharpRendererOptions.localBrowserExecutablePath = FSharpOption<string>.Some(browser);
        // As root the sandbox cannot start; a proxy where nobody listens proves that nothing is fetched.
        PuppeteerSharpRendererOptions.launchOptions.Args = ["--no-sandbox", "--proxy-server=127.0.0.1:9"];
        var embedded = DisplayOptions.setPlotlyReference(PlotlyJSReference.Full).Invoke(new DisplayOptions());
        var chart = GenericChart.setDisplayOptions(
            embedded, Chart.Line<int, double, string>([1, 2, 4, 8], [9.6, 10.1, 11.4, 15.2], ShowMarkers: true, Name: "window mean"));

        var picture = await chart.ToBase64PNGStringAsync(Width: FSharpOption<int>.Some(640), Height: FSharpOption<int>.Some(400));

        var png = Convert.FromBase64String(picture[(picture.IndexOf(',') + 1)..]);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A], png[..8]);
        Assert.Equal(640, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)));
        Assert.Equal(400, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
        Assert.True(png.Length > 5_000, $"a drawn chart compresses to more than {png.Length} bytes");
    }
}
