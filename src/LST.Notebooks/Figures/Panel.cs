using System.Text.Json.Nodes;

namespace LST.Notebooks.Figures;

/// <summary>One pair of axes on a canvas.</summary>
internal sealed record Panel(Canvas Canvas, string Index, double Left, double Top, double Right, double Bottom)
{
    public string X => "x" + Index;

    public string Y => "y" + Index;

    public double Width => Right - Left;

    public double Height => Bottom - Top;

    /// <summary>Adds a trace to these axes and says its index.</summary>
    public int Add(JsonObject trace)
    {
        (trace["xaxis"], trace["yaxis"]) = (X, Y);
        Canvas.Add(trace);
        return Canvas.Traces - 1;
    }

    /// <summary>A name above the panel.</summary>
    public void Name(string text) => Canvas.Say(text, Left, Top - 10, 12, Palette.Ink);

    /// <summary>Text at a place of the axes.</summary>
    public void Say(string text, double x, double y, int size, string colour, string xanchor = "left", string yanchor = "middle", double xshift = 0, double yshift = 0) => Canvas.Annotations.Add(new JsonObject
    {
        ["text"] = text, ["xref"] = X, ["yref"] = Y, ["x"] = PlotlyJson.Number(x), ["y"] = PlotlyJson.Number(y), ["xanchor"] = xanchor, ["yanchor"] = yanchor,
        ["xshift"] = PlotlyJson.Number(xshift), ["yshift"] = PlotlyJson.Number(yshift), ["showarrow"] = false, ["font"] = Canvas.Font(size, colour),
    });

    /// <summary>A straight line between two places of the axes.</summary>
    public void Line(double x0, double y0, double x1, double y1, string colour, double width = 1, string dash = "solid") => Shape("line", x0, y0, x1, y1, colour, width, dash);

    /// <summary>An empty box.</summary>
    public void Box(double x0, double y0, double x1, double y1, string colour, double width = 2) => Shape("rect", x0, y0, x1, y1, colour, width, "solid");

    private void Shape(string type, double x0, double y0, double x1, double y1, string colour, double width, string dash) => Canvas.Shapes.Add(new JsonObject
    {
        ["type"] = type, ["xref"] = X, ["yref"] = Y, ["x0"] = PlotlyJson.Number(x0), ["y0"] = PlotlyJson.Number(y0), ["x1"] = PlotlyJson.Number(x1), ["y1"] = PlotlyJson.Number(y1),
        ["line"] = new JsonObject { ["color"] = colour, ["width"] = width, ["dash"] = dash },
    });
}
