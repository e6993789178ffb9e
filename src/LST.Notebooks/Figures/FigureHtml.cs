using System.Globalization;
using System.Net;

namespace LST.Notebooks.Figures;

/// <summary>Figures as HTML that needs no network: live in a notebook, or in a page of our own.</summary>
public static class FigureHtml
{
    private static int carried;

    /// <summary>
    /// A fragment that draws the figure live. The first one of a session carries plotly.js, later ones wait for it on <c>window.__lstPlotly</c>; whichever
    /// arrives first, all draw when it is there. A page that is opened again with only a later output takes the library from the browser's own
    /// store, where the first one left it; if it is not there either, the picture stays, with a line that says how to get the figure.
    /// </summary>
    /// <param name="figure">The figure.</param>
    /// <param name="png">Its picture, shown until the figure is drawn and wherever scripts do not run; null: its description is shown.</param>
    public static string Live(Figure figure, byte[]? png = null) => Live(figure, png, Interlocked.Exchange(ref carried, 1) == 0);

    /// <summary>Makes the next live figure carry plotly.js again, for a page that lost the output which had it.</summary>
    public static void CarryLibraryAgain() => Interlocked.Exchange(ref carried, 0);

    /// <summary>A fragment for a page that has <see cref="Library"/> in its head.</summary>
    /// <param name="figure">The figure.</param>
    /// <param name="png">Its picture, for readers without scripts; null: its description.</param>
    public static string Static(Figure figure, byte[]? png = null)
    {
        var id = NewId();
        return $"""
            <div id="{id}" class="lst-figure" style="width:{figure.Width}px;min-height:{figure.Height}px" role="figure" aria-label="{WebUtility.HtmlEncode(figure.Description)}">{Fallback(figure, png, $"width=\"{figure.Width}\" height=\"{figure.Height}\"")}</div>
            <script>(function(){"{"}var f={Json(figure)},e=document.getElementById("{id}");e.textContent="";Plotly.newPlot(e,f.data,f.layout,f.config);{"}"})();</script>
            """;
    }

    /// <summary>The script element that <see cref="Static"/> needs once in a page.</summary>
    // The script is not escaped as JSON is: a closing tag in it would end the element, so the only safe form is the string.
    public static string Library() => $"<script>{FigureScripts.RunLibrary("window.Plotly=p;")}</script>";

    internal static string Live(Figure figure, byte[]? png, bool withLibrary)
    {
        var id = NewId();
        var library = withLibrary ? $"<script>{FigureScripts.CarryLibrary()}</script>\n" : "";
        var height = figure.Height + FigureScripts.Buttons;
        var above = (100.0 * FigureScripts.Buttons / figure.Width).ToString("0.###", CultureInfo.InvariantCulture);
        return $"""
            <div id="{id}" class="lst-figure" style="position:relative;width:{figure.Width}px;max-width:100%;aspect-ratio:{figure.Width}/{height};background:#fff" role="figure" aria-label="{WebUtility.HtmlEncode(figure.Description)}">{Fallback(figure, png, $"style=\"display:block;width:100%;height:auto;margin:0;padding-top:{above}%\"")}</div>
            {library}<script>{FigureScripts.DrawLive(id, Json(figure))}</script>
            """;
    }

    private static string Fallback(Figure figure, byte[]? png, string size) => png is null
        ? $"<p>{WebUtility.HtmlEncode(figure.Description)}</p>"
        : $"<img alt=\"{WebUtility.HtmlEncode(figure.Description)}\" {size} src=\"data:image/png;base64,{Convert.ToBase64String(png)}\">";

    private static string Json(Figure figure) => PlotlyScript.Embeddable(figure.ToPlotlyJson().ToJsonString());

    private static string NewId() => "lst-" + Guid.NewGuid().ToString("N")[..16];
}
