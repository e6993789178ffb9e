using System.Text.Json.Nodes;

namespace LST.Notebooks.Figures;

/// <summary>Axes and scales: linear places, true numbers at the ticks.</summary>
internal static class Axis
{
    /// <summary>An axis with plotly's own ticks.</summary>
    public static JsonObject Of(string title, double low, double high, bool grid = true) => new()
    {
        ["title"] = new JsonObject { ["text"] = title, ["font"] = Canvas.Font(12), ["standoff"] = 8 },
        ["range"] = PlotlyJson.Numbers(low, high), ["showgrid"] = grid, ["gridcolor"] = "#E8E8E8", ["zeroline"] = false, ["showline"] = true, ["linecolor"] = "#888888",
        ["ticks"] = "outside", ["ticklen"] = 4, ["tickcolor"] = "#888888", ["tickfont"] = Canvas.Font(11), ["automargin"] = false,
    };

    /// <summary>An axis with ticks at given places.</summary>
    public static JsonObject Of(string title, double low, double high, IReadOnlyList<double> places, IReadOnlyList<string> texts, bool grid = true)
    {
        var axis = Of(title, low, high, grid);
        (axis["tickmode"], axis["tickvals"], axis["ticktext"]) = ("array", PlotlyJson.Numbers(places), PlotlyJson.Texts(texts));
        return axis;
    }

    /// <summary>An axis whose places are made by <paramref name="scale"/>: those of the candidate ticks that have room.</summary>
    public static JsonObject Scaled(string title, double low, double high, Func<double, double> scale, IEnumerable<double> candidates, double pixels, Func<double, string>? text = null, bool grid = true)
    {
        var (places, values) = Room(candidates, scale, low, high, pixels);
        return Of(title, low, high, places, [.. values.Select(text ?? Number.Short)], grid);
    }

    /// <summary>A colour bar's ticks in the same way.</summary>
    public static JsonObject ColourBar(Canvas canvas, string title, double left, double top, double bottom, double low, double high, Func<double, double> scale, IEnumerable<double> candidates)
    {
        var (places, values) = Room(candidates, scale, low, high, bottom - top);
        return new JsonObject
        {
            ["title"] = new JsonObject { ["text"] = title, ["side"] = "right", ["font"] = Canvas.Font(11) },
            ["x"] = PlotlyJson.Number(canvas.X(left)), ["xanchor"] = "left", ["xpad"] = 0, ["y"] = PlotlyJson.Number(canvas.Y((top + bottom) / 2)), ["yanchor"] = "middle", ["ypad"] = 0,
            ["len"] = PlotlyJson.Number(bottom - top), ["lenmode"] = "pixels", ["thickness"] = 12, ["outlinewidth"] = 0,
            ["tickmode"] = "array", ["tickvals"] = PlotlyJson.Numbers(places), ["ticktext"] = PlotlyJson.Texts(values.Select(Number.Short)), ["tickfont"] = Canvas.Font(11),
        };
    }

    // Signed square root: what lies near zero is spread, zero stays in its place.
    public static double Root(double value) => Math.Sign(value) * Math.Sqrt(Math.Abs(value));

    /// <summary>Square root of what perplexity loses against dense: methods that lose 0.1 % and 50 % both stay readable.</summary>
    public static double Excess(double ratio) => Root(ratio - 1);

    public static readonly double[] ExcessTicks = [0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1, 1.001, 1.005, 1.01, 1.02, 1.05, 1.1, 1.2, 1.3, 1.5, 2, 3, 5, 10, 20, 50, 100];

    public static readonly double[] MassTicks = [-1, -0.5, -0.25, -0.1, -0.05, -0.01, 0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1];

    /// <summary>1, 2 and 5 times powers of ten.</summary>
    public static IEnumerable<double> Decades(double low, double high)
    {
        for (var power = (int)Math.Floor(Math.Log10(low)); power <= Math.Ceiling(Math.Log10(high)); power++)
            foreach (var step in new[] { 1.0, 2, 5 }) yield return step * Math.Pow(10, power);
    }

    private static (List<double> Places, List<double> Values) Room(IEnumerable<double> candidates, Func<double, double> scale, double low, double high, double pixels)
    {
        var chosen = new List<(double Place, double Value)>();
        // Round numbers first: 1 and 0 must not lose their place to 1.001.
        foreach (var value in candidates.OrderBy(v => v is 0 or 1 ? 0 : 1).ThenBy(v => Number.Short(v).Length))
        {
            var place = scale(value);
            if (place < low - 1e-9 || place > high + 1e-9 || chosen.Any(other => Math.Abs(other.Place - place) / (high - low) * pixels < 19)) continue;
            chosen.Add((place, value));
        }
        chosen.Sort();
        return ([.. chosen.Select(c => c.Place)], [.. chosen.Select(c => c.Value)]);
    }
}
