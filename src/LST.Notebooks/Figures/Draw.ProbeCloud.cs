using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    /// <summary>Real queries and probes on the real queries' two main axes, coloured by how wrong the compressed cache answers them; a panel for each loss (view 4).</summary>
    public static Figure ProbeCloud(ProbeCloud cloud, string source = Figure.ComputedLive)
    {
        const int left = 60, bar = 100, between = 30;
        var panels = cloud.Panels.Count;
        var plot = Math.Clamp((1000.0 - left - bar - (between * (panels - 1))) / panels, 210, 340);
        var points = cloud.Panels.SelectMany(panel => panel.Points).ToList();
        var errors = points.Select(point => (double)point.Error).Where(error => error > 0 && double.IsFinite(error)).Order().ToList();
        var (low, high) = errors.Count == 0 ? (-1, 0) : (Math.Log10(errors[0]), Math.Log10(errors[^1]));
        if (high - low < 0.1) (low, high) = (low - 0.05, high + 0.05);
        var finding = CloudFinding(cloud);
        var sources = points.Select(point => point.QuerySource).Distinct().ToList();
        var note = $"{TokenText.Escape(cloud.Source)}, layer {cloud.Layer}, head {cloud.Head}. The same {Number.Count(cloud.Panels[0].Points.Count, "point")} in every panel; the axes are the two main directions of the real queries.";
        var canvas = new Canvas((int)Math.Max(560, left + (panels * plot) + ((panels - 1) * between) + bar + 20), (int)plot + 118, finding, note);
        var (x0, x1) = Reach(points.Select(point => point.X));
        var (y0, y1) = Reach(points.Select(point => point.Y));
        for (var p = 0; p < panels; p++)
        {
            var from = left + (p * (plot + between));
            var y = Axis.Of(p == 0 ? $"second axis ({Number.Percent(cloud.Explained[1])} of variance)" : "", y0, y1);
            if (p > 0) y["showticklabels"] = false;
            var panel = canvas.Panel(from, 28, from + plot, 28 + plot, Axis.Of($"first axis ({Number.Percent(cloud.Explained[0])} of variance)", x0, x1), y);
            panel.Name($"<b>{TokenText.Escape(cloud.Panels[p].Loss)}</b>");
            // Real queries last, so that the probes around them do not hide them.
            foreach (var group in cloud.Panels[p].Points.GroupBy(point => point.QuerySource).OrderBy(group => group.Key == "continuation"))
                panel.Add(Cloud(group.Key, [.. group]));
        }
        Symbols(canvas, sources, left, 28 + plot + 62);
        canvas.Layout["coloraxis"] = new JsonObject
        {
            ["colorscale"] = Palette.Sequential(), ["cmin"] = PlotlyJson.Number(low), ["cmax"] = PlotlyJson.Number(high),
            ["colorbar"] = Axis.ColourBar(canvas, "relative error (log scale)", left + (panels * plot) + ((panels - 1) * between) + 16, 28, 28 + plot, low, high, Math.Log10, Axis.Decades(Math.Pow(10, low), Math.Pow(10, high))),
        };
        return canvas.ToFigure("probe-cloud", $"Queries and probes on two principal axes, coloured by error, {Number.Count(panels, "panel")}. {finding}. {TokenText.Escape(cloud.Source)}.", source);
    }

    private static JsonObject Cloud(string source, IReadOnlyList<ProbePoint> points) => new()
    {
        ["type"] = "scatter", ["mode"] = "markers", ["name"] = Palette.QuerySource(source).Name, ["x"] = PlotlyJson.Numbers(points.Select(point => point.X)), ["y"] = PlotlyJson.Numbers(points.Select(point => point.Y)),
        ["customdata"] = PlotlyJson.Numbers(points.Select(point => point.Error)),
        ["marker"] = new JsonObject
        {
            ["symbol"] = Palette.QuerySource(source).Symbol, ["size"] = 7, ["coloraxis"] = "coloraxis", ["color"] = PlotlyJson.Numbers(points.Select(point => Math.Log10(point.Error))),
            ["line"] = new JsonObject { ["color"] = "#777777", ["width"] = 0.6 },
        },
        ["hovertemplate"] = $"{Palette.QuerySource(source).Name}<br>at %{{x:.2f}}, %{{y:.2f}}<br>relative error %{{customdata:.4f}}<extra></extra>",
    };

    // A line of symbols and names under the panels: colour means error here, so a legend of plotly's would show the wrong one.
    private static void Symbols(Canvas canvas, IEnumerable<string> sources, double left, double y)
    {
        foreach (var source in sources)
        {
            var mark = Palette.QuerySource(source);
            var glyph = mark.Symbol switch { "circle" => "●", "diamond" => "◆", "cross" => "✚", _ => "■" };
            canvas.Say($"{glyph} {TokenText.Escape(mark.Name)}", left, y);
            left += Canvas.TextWidth($"{glyph} {mark.Name}", 12) + 28;
        }
    }

    private static string CloudFinding(ProbeCloud cloud)
    {
        var medians = cloud.Panels.Select(panel => (panel.Loss, Error: Number.Median(panel.Points.Where(point => point.QuerySource == "continuation").Select(point => (double)point.Error)))).Where(m => double.IsFinite(m.Error)).ToList();
        if (medians.Count == 0) return $"{Number.Count(cloud.Panels[0].Points.Count, "probe")} and no real query";
        var (best, worst) = (medians.MinBy(m => m.Error), medians.MaxBy(m => m.Error));
        var said = $"Real queries are answered with median error {Number.Three(best.Error)} under {TokenText.Escape(best.Loss)}";
        return medians.Count == 1 ? said : $"{said}, {Number.Three(worst.Error)} under {TokenText.Escape(worst.Loss)}";
    }

    private static (double Low, double High) Reach(IEnumerable<float> values)
    {
        var finite = values.Where(float.IsFinite).Select(value => (double)value).DefaultIfEmpty(0).ToList();
        var (low, high) = (finite.Min(), finite.Max());
        var room = Math.Max(0.05 * (high - low), 1e-3);
        return (low - room, high + room);
    }
}
