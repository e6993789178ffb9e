using System.Text.Json.Nodes;

namespace LST.Notebooks.Figures;

/// <summary>Names at the ends of lines, spread apart, each with a leader to its line.</summary>
internal static class LineLabels
{
    private const int Size = 11;
    internal const double Gap = 15;

    /// <summary>Labels right of a panel (or left of it), at the height of each line's end.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="ends">Text, colour, and the end of the line as a place of the axes.</param>
    /// <param name="low">Ends of the panel's value axis.</param>
    /// <param name="high">Ends of the panel's value axis.</param>
    /// <param name="edge">The place on the panel's other axis that the leader runs to.</param>
    /// <param name="anchor"><c>left</c> for labels to the right of the panel's edge, <c>right</c> for labels to its left.</param>
    /// <param name="shift">Pixels between edge and label; more where a marker stands on the edge.</param>
    public static void Add(Panel panel, IReadOnlyList<(string Text, string Colour, double X, double Y)> ends, double low, double high, double edge, string anchor = "left", double shift = 3)
    {
        double Pixel(double y) => panel.Bottom - ((y - low) / (high - low) * panel.Height);
        double Value(double pixel) => low + ((panel.Bottom - pixel) / panel.Height * (high - low));
        // Lines that end at one height get their labels in the order in which leaders do not cross.
        ends = [.. ends.OrderByDescending(end => end.Y).ThenByDescending(end => end.X)];
        var places = Spread.Apart([.. ends.Select(end => Pixel(end.Y))], Gap, panel.Top + 4, panel.Bottom - 4);
        for (var i = 0; i < ends.Count; i++)
        {
            var (text, colour, x, y) = ends[i];
            panel.Add(new JsonObject
            {
                ["type"] = "scatter", ["mode"] = "lines", ["x"] = PlotlyJson.Numbers(x, edge), ["y"] = PlotlyJson.Numbers(y, Value(places[i])),
                ["line"] = new JsonObject { ["color"] = Palette.Tint(colour, 0.55), ["width"] = 1, ["dash"] = "dot" }, ["hoverinfo"] = "skip", ["cliponaxis"] = false,
            });
            panel.Say(text, edge, Value(places[i]), Size, Ink(colour), anchor, xshift: anchor == "left" ? shift : -shift);
        }
    }

    /// <summary>Labels above a panel for lines that end at its top, a row each with the leftmost highest: no leader crosses a line, a label or another leader.</summary>
    /// <param name="panel">The panel; above it there is room for a row of <see cref="Gap"/> pixels for each label.</param>
    /// <param name="ends">Text, colour, and where the line ends on the panel's first axis.</param>
    /// <param name="depth">Pixels from the panel's top down to the lines' ends.</param>
    public static void Flags(Panel panel, IEnumerable<(string Text, string Colour, double X)> ends, double depth)
    {
        var canvas = panel.Canvas;
        foreach (var (i, (text, colour, x)) in ends.OrderByDescending(end => end.X).Index())
        {
            var middle = panel.Top - (Gap * i) - 9;
            canvas.Shapes.Add(new JsonObject
            {
                ["type"] = "line", ["xref"] = panel.X, ["yref"] = "paper", ["x0"] = PlotlyJson.Number(x), ["x1"] = PlotlyJson.Number(x), ["y0"] = PlotlyJson.Number(canvas.Y(panel.Top + depth)),
                ["y1"] = PlotlyJson.Number(canvas.Y(middle - 5)), ["line"] = new JsonObject { ["color"] = Palette.Tint(colour, 0.55), ["width"] = 1 },
            });
            canvas.Annotations.Add(new JsonObject
            {
                ["text"] = text, ["xref"] = panel.X, ["yref"] = "paper", ["x"] = PlotlyJson.Number(x), ["y"] = PlotlyJson.Number(canvas.Y(middle)), ["xanchor"] = "left", ["yanchor"] = "middle",
                ["xshift"] = 3, ["showarrow"] = false, ["font"] = Canvas.Font(Size, Ink(colour)),
            });
        }
    }

    /// <summary>Pixels that the longest of the labels takes.</summary>
    public static double Width(IEnumerable<string> texts) => texts.Max(text => Canvas.TextWidth(text, Size)) + 10;

    /// <summary>An entry of a key: a square of the very colour, the name in an ink that can be read.</summary>
    public static string Key(Mark mark, string text) => $"<span style=\"color:{mark.Colour}\">■</span> {text}";

    // Sky, orange and the like are too light for small letters on white.
    public static string Ink(string colour)
    {
        int Part(int at) => Convert.ToInt32(colour.Substring(at, 2), 16);
        var light = ((0.299 * Part(1)) + (0.587 * Part(3)) + (0.114 * Part(5))) / 255;
        var factor = Math.Min(1, 0.42 / Math.Max(light, 0.01));
        return $"#{(int)(Part(1) * factor):X2}{(int)(Part(3) * factor):X2}{(int)(Part(5) * factor):X2}";
    }
}
