using LST.Notebooks.Figures;
using Microsoft.DotNet.Interactive.Formatting;

namespace LST.Notebooks.Display;

/// <summary>
/// Figures: in a live front end HTML that draws itself, with the picture inside for places without scripts; in an executed copy the figure as data, its picture and its sentence.
/// </summary>
internal static class FigureDisplay
{
    private const string Plotly = "application/vnd.plotly.v1+json", Png = "image/png";

    // One browser for all figures of a session; it ends with the process.
    private static readonly PngRenderer Renderer = new();
    private static bool hasSaid;

    /// <summary>Registers both: the file's bundle and the live form.</summary>
    public static void Register()
    {
        var hasBrowser = HasBrowser();
        // The browser is a process of its own and would outlive this one.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => CloseBrowser();
        Displays.ShowBundle<Figure>(hasBrowser ? [Plotly, Png, PlainTextFormatter.MimeType] : [Plotly, PlainTextFormatter.MimeType], [HtmlFormatter.MimeType, PlainTextFormatter.MimeType], (figure, type) => type switch
        {
            Plotly => figure.ToPlotlyJson().ToJsonString(),
            Png => Convert.ToBase64String(Picture(figure)),
            HtmlFormatter.MimeType => FigureHtml.Live(figure, hasBrowser ? Picture(figure) : null),
            _ => figure.Description,
        });
    }

    /// <summary>Ends the browser, if one was started. The next figure starts another.</summary>
    public static void CloseBrowser() => Task.Run(() => Renderer.Close()).Wait(TimeSpan.FromSeconds(10));

    // The kernel's formatters do not wait by themselves.
    private static byte[] Picture(Figure figure) => Task.Run(() => Renderer.Render(figure, Workbench.Cancel)).GetAwaiter().GetResult();

    private static bool HasBrowser()
    {
        try
        {
            BrowserProgram.Find();
            return true;
        }
        catch (BrowserMissingException missing)
        {
            if (!hasSaid) Console.Error.WriteLine(missing.Message);
            hasSaid = true;
            return false;
        }
    }
}
