using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    // Enough for a smooth line; all values would be megabytes.
    private const int TailPoints = 160;
    private static readonly double[] MarkedQuantiles = [0.5, 0.95, 0.99];

    /// <summary>Which share of the queries has at most which error, with the tail spread out and marks at p50, p95 and p99 (view 5).</summary>
    public static Figure ErrorTails(ErrorTails tails, string source = Figure.ComputedLive)
    {
        var finding = TailFinding(tails);
        var fewest = tails.Series.Min(series => series.Errors.Count);
        var note = $"{TokenText.Escape(tails.Source)}. Curves: {TailPoints} quantiles of {fewest:#,0}{(tails.Series.All(s => s.Errors.Count == fewest) ? "" : $" to {tails.Series.Max(s => s.Errors.Count):#,0}")} errors each. Marks: p50, p95, p99. Colour: the loss trained with; dashes: which queries.";
        const int left = 84, label = 240, plot = 380, width = 920;
        var canvas = new Canvas(width, plot + 70, finding, note);
        double High(double share) => -Math.Log10(1 - share);
        var top = Math.Min(High(0.999), High(1 - (1.0 / Math.Max(fewest, 20))));
        double[] shares = [0, 0.5, 0.9, 0.95, 0.99, 0.999];
        var y = Axis.Of("share of queries with at most this error (tail spread out)", 0, top + 0.04, [.. shares.Select(High)], [.. shares.Select(share => $"{100 * share:0.#} %")]);
        var quantiles = tails.Series.Select(series => Enumerable.Range(0, TailPoints).Select(i => top * i / (TailPoints - 1)).Select(h => (Height: h, Error: Number.Quantile(series.Errors, 1 - Math.Pow(10, -h)))).ToList()).ToList();
        var positive = quantiles.SelectMany(q => q).Select(q => q.Error).Where(e => e > 0).ToList();
        var (low, high) = (Math.Log10(positive.Min()) - 0.05, Math.Log10(positive.Max()) + 0.05);
        var panel = canvas.Panel(left, 8, width - label, 8 + plot, Axis.Scaled("relative error of attention’s output (log scale)", low, high, Math.Log10, Axis.Decades(positive.Min(), positive.Max()), (width - left - label) / 2.0), y);
        var ends = new List<(string, string, double, double)>();
        for (var s = 0; s < tails.Series.Count; s++)
        {
            var (series, curve) = (tails.Series[s], quantiles[s]);
            var (loss, query) = (Palette.Loss(series.Loss), Palette.QuerySource(series.QuerySource));
            var name = TokenText.Escape($"{loss.Name}, {query.Name}");
            panel.Add(new JsonObject
            {
                ["type"] = "scatter", ["mode"] = "lines", ["name"] = name, ["x"] = PlotlyJson.Numbers(curve.Select(q => Math.Log10(q.Error))), ["y"] = PlotlyJson.Numbers(curve.Select(q => q.Height)),
                ["customdata"] = new JsonArray([.. curve.Select(q => (JsonNode?)PlotlyJson.Numbers(q.Error, 100 * (1 - Math.Pow(10, -q.Height))))]),
                ["line"] = new JsonObject { ["color"] = loss.Colour, ["width"] = 2, ["dash"] = query.Dash }, ["hovertemplate"] = $"{name}<br>%{{customdata[1]:.1f}} % have at most %{{customdata[0]:.4f}}<extra></extra>",
            });
            panel.Add(Marks(series, loss, name, top, High));
            ends.Add(($"{name}: p95 {Number.Three(Number.Quantile(series.Errors, 0.95))}", loss.Colour, Math.Log10(curve[^1].Error), curve[^1].Height));
        }
        LineLabels.Add(panel, ends, 0, top + 0.04, high);
        return canvas.ToFigure("error-tails", $"Cumulative errors of {Number.Count(tails.Series.Count, "series").Replace("seriess", "series")} of queries with marks at p50, p95 and p99. {finding}. {TokenText.Escape(tails.Source)}.", source);
    }

    private static JsonObject Marks(ErrorSeries series, Mark loss, string name, double top, Func<double, double> height)
    {
        var shown = MarkedQuantiles.Where(share => height(share) <= top + 1e-9).ToList();
        return new JsonObject
        {
            ["type"] = "scatter", ["mode"] = "markers", ["name"] = name, ["x"] = PlotlyJson.Numbers(shown.Select(share => Math.Log10(Number.Quantile(series.Errors, share)))), ["y"] = PlotlyJson.Numbers(shown.Select(height)),
            ["customdata"] = new JsonArray([.. shown.Select(share => (JsonNode?)PlotlyJson.Numbers(Number.Quantile(series.Errors, share), 100 * share))]),
            ["marker"] = new JsonObject { ["color"] = loss.Colour, ["symbol"] = loss.Symbol, ["size"] = 9 }, ["hovertemplate"] = $"{name}<br>p%{{customdata[1]}} %{{customdata[0]:.4f}}<extra></extra>",
        };
    }

    private static string TailFinding(ErrorTails tails)
    {
        var source = tails.Series.Any(series => series.QuerySource == "continuation") ? "continuation" : tails.Series[0].QuerySource;
        var rows = tails.Series.Where(series => series.QuerySource == source).Select(series => (series.Loss, P95: Number.Quantile(series.Errors, 0.95))).OrderBy(row => row.P95).ToList();
        var said = $"95 % of {Palette.QuerySource(source).Name} have an error below {Number.Three(rows[0].P95)} under {TokenText.Escape(rows[0].Loss)}";
        return rows.Count == 1 ? said : $"{said}, below {Number.Three(rows[^1].P95)} under {TokenText.Escape(rows[^1].Loss)}";
    }
}
