using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LST.Notebooks.Figures;

/// <summary>
/// A figure in the making: title on top, panels at places counted in pixels below it. Pixels, so that labels can be placed without asking a browser
/// how it laid things out.
/// </summary>
internal sealed partial class Canvas
{
    // DejaVu Sans, the widest of the usual fallbacks: text that fits in it fits in every other.
    private const double CharacterWidth = 0.6, BoldWidth = 0.62;
    private const int Edge = 16, TitleSize = 16, NoteSize = 12;
    private readonly JsonArray traces = [], annotations = [], shapes = [];
    private int panels;

    /// <summary>A canvas.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="body">Pixels below the title.</param>
    /// <param name="finding">The title: what the data say.</param>
    /// <param name="note">What is drawn, from what, and what is not.</param>
    public Canvas(int width, int body, string finding, string note)
    {
        var title = Wrap(finding, (width - (2 * Edge)) / (TitleSize * BoldWidth));
        var notes = Wrap(note, (width - (2 * Edge)) / (NoteSize * CharacterWidth));
        Top = Edge + (title.Count * 21) + (notes.Count * 16) + 12;
        (Width, Height) = (width, Top + body);
        Layout = new JsonObject
        {
            ["title"] = new JsonObject
            {
                ["text"] = $"<b>{string.Join("<br>", title)}</b><br><span style=\"font-size:{NoteSize}px;color:{Palette.Quiet}\">{string.Join("<br>", notes)}</span>",
                ["font"] = Font(TitleSize), ["x"] = PlotlyJson.Number((double)Edge / width), ["xanchor"] = "left", ["y"] = PlotlyJson.Number(1 - ((Edge + 8.0) / Height)), ["yanchor"] = "top",
                ["xref"] = "container", ["yref"] = "container",
            },
            ["margin"] = new JsonObject { ["l"] = 0, ["r"] = 0, ["t"] = 0, ["b"] = 0 },
            ["font"] = new JsonObject { ["family"] = "Arial, Helvetica, 'DejaVu Sans', sans-serif", ["size"] = 12, ["color"] = Palette.Ink },
            ["paper_bgcolor"] = "#FFFFFF", ["plot_bgcolor"] = "#FFFFFF", ["showlegend"] = false, ["hovermode"] = "closest",
            ["hoverlabel"] = new JsonObject { ["bgcolor"] = "#FFFFFF", ["font"] = Font(12), ["align"] = "left" },
        };
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Pixels that the title takes.</summary>
    public int Top { get; }

    public JsonObject Layout { get; }

    public JsonArray Shapes => shapes;

    public JsonArray Annotations => annotations;

    public int Traces => traces.Count;

    public static JsonObject Font(int size, string colour = Palette.Ink) => new() { ["size"] = size, ["color"] = colour };

    public static double TextWidth(string text, int size) => new StringInfoLength(text).Value * size * CharacterWidth;

    /// <summary>A share of the width, and of the height below the title, as plotly's paper coordinates.</summary>
    public double X(double pixels) => pixels / Width;

    public double Y(double pixels) => 1 - ((Top + pixels) / Height);

    /// <summary>A panel between two corners, in pixels below the title.</summary>
    public Panel Panel(double left, double top, double right, double bottom, JsonObject x, JsonObject y)
    {
        var index = ++panels == 1 ? "" : panels.ToString();
        x["domain"] = PlotlyJson.Numbers(X(left), X(right));
        y["domain"] = PlotlyJson.Numbers(Y(bottom), Y(top));
        (x["anchor"], y["anchor"]) = ("y" + index, "x" + index);
        (Layout["xaxis" + index], Layout["yaxis" + index]) = (x, y);
        return new Panel(this, index, left, top, right, bottom);
    }

    public void Add(JsonObject trace) => traces.Add(trace);

    /// <summary>Gives every trace its part of an update, as a slider's step would.</summary>
    public void Set(JsonObject update)
    {
        foreach (var (name, parts) in update)
            for (var i = 0; i < traces.Count; i++) traces[i]![name] = parts!.AsArray()[i]!.DeepClone();
    }

    /// <summary>Text at a place in pixels below the title.</summary>
    public void Say(string text, double x, double y, int size = 12, string colour = Palette.Ink, string xanchor = "left", string yanchor = "middle") => annotations.Add(new JsonObject
    {
        ["text"] = text, ["xref"] = "paper", ["yref"] = "paper", ["x"] = PlotlyJson.Number(X(x)), ["y"] = PlotlyJson.Number(Y(y)), ["xanchor"] = xanchor, ["yanchor"] = yanchor,
        ["showarrow"] = false, ["align"] = "left", ["font"] = Font(size, colour),
    });

    public Figure ToFigure(string name, string description, string source)
    {
        if (annotations.Count > 0) Layout["annotations"] = annotations;
        if (shapes.Count > 0) Layout["shapes"] = shapes;
        return new Figure(name, PlotlyChart.Of(traces, Layout), Width, Height, $"{WebUtility.HtmlDecode(description)} Source: {source}.", source);
    }

    private static List<string> Wrap(string text, double characters)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        // A number and its % stay together, and so do a sign and what it means.
        foreach (var word in Breaks().Split(text.Trim()))
        {
            if (line.Length > 0 && WebUtility.HtmlDecode(line + " " + word).Length > characters)
            {
                lines.Add(line.ToString());
                line.Clear();
            }
            if (line.Length > 0) line.Append(' ');
            line.Append(word);
        }
        if (line.Length > 0) lines.Add(line.ToString());
        return lines;
    }

    [GeneratedRegex("(?<!–:) +(?!%)")]
    private static partial Regex Breaks();

    // Glyphs outside the basic plane are one character wide, not two.
    private readonly struct StringInfoLength(string text)
    {
        public int Value => new System.Globalization.StringInfo(WebUtility.HtmlDecode(text)).LengthInTextElements;
    }
}
