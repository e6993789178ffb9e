using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    // Enough for a smooth line; all values would be megabytes.
    private const int TailPoints = 160;
    private const double SmallestShown = 0.02, TailRoom = 0.04;
    private static readonly double[] MarkedQuantiles = [0.5, 0.95, 0.99];

    /// <summary>Which share of the queries has at most which error, with the tail spread out and marks at p50, p95 and p99 (view 5).</summary>
    public static Figure ErrorTails(ErrorTails tails, string source = Figure.ComputedLive)
    {
        var finding = TailFinding(tails);
        var (oneLoss, oneSource) = (tails.Series.DistinctBy(series => series.Loss).Count() == 1, tails.Series.DistinctBy(series => series.QuerySource).Count() == 1);
        var fewest = tails.Series.Min(series => series.Errors.Count);
        var note = $"{TokenText.Escape(tails.Source)}. Curves: {TailPoints} quantiles of {fewest:#,0}{(tails.Series.All(s => s.Errors.Count == fewest) ? "" : $" to {tails.Series.Max(s => s.Errors.Count):#,0}")} errors each{(oneSource ? $", {Palette.QuerySource(tails.Series[0].QuerySource).Name}" : "")}. Marks: p50, p95, p99.{(oneLoss ? "" : " Colour: the loss trained with.")}{(oneSource ? "" : " Dashes: which queries.")}{(tails.Series.Any(series => series.P95 is not null) ? " Brackets: 95 % bootstrap interval over queries of this prompt." : "")}";
        const int left = 84, across = 560, plot = 380;
        var over = 8 + (LineLabels.Gap * tails.Series.Count);
        var texts = tails.Series.Select(series => $"{TokenText.Escape(TailName(series, oneLoss, oneSource))}: p95 {Number.Three(Number.Quantile(series.Errors, 0.95))}{(series.P95 is { } p95 ? $" [{Number.Three(p95.Low)}, {Number.Three(p95.High)}]" : "")}").ToList();
        double High(double share) => -Math.Log10(1 - share);
        var top = Math.Min(High(0.999), High(1 - (1.0 / Math.Max(fewest, 20))));
        double[] shares = [0, 0.5, 0.9, 0.95, 0.99, 0.999];
        var y = Axis.Of("share of queries with at most this error (tail spread out)", 0, top + TailRoom, [.. shares.Select(High)], [.. shares.Select(share => $"{100 * share:0.#} %")]);
        var quantiles = tails.Series.Select(series => Enumerable.Range(0, TailPoints).Select(i => top * i / (TailPoints - 1)).Select(h => (Height: h, Error: Number.Quantile(series.Errors, 1 - Math.Pow(10, -h)))).ToList()).ToList();
        var positive = quantiles.SelectMany(q => q).Select(q => q.Error).Where(e => e > 0).ToList();
        // Heads that are kept whole answer nearly exactly: their errors would take the width from all others.
        double smallest = tails.Series.Select(series => Number.Quantile(series.Errors, SmallestShown)).Where(e => e > 0).Append(positive.Max() / 10).Min();
        var (low, high) = (Math.Log10(smallest) - 0.02, Math.Log10(positive.Max()) + 0.05);
        var cut = tails.Series.Max(series => series.Errors.Count(error => error < Math.Pow(10, low)) / (double)series.Errors.Count);
        if (cut > 0) note += $" Left of the axis: up to {Number.Percent(cut)} of a curve.";
        double End(double error) => Math.Max(low, Math.Log10(error));
        var width = (int)Math.Max(left + across + 40, Enumerable.Range(0, texts.Count).Max(s => left + ((End(quantiles[s][^1].Error) - low) / (high - low) * across) + LineLabels.Width([texts[s]])) + 8);
        var canvas = new Canvas(width, (int)over + plot + 62, finding, note);
        var panel = canvas.Panel(left, over, left + across, over + plot, Axis.Scaled("relative error of attention’s output (log scale)", low, high, Math.Log10, Axis.Decades(smallest, positive.Max()), across / 2.0), y);
        for (var s = 0; s < tails.Series.Count; s++)
        {
            var (series, curve) = (tails.Series[s], quantiles[s]);
            var (loss, query) = (Palette.Loss(series.Loss), Palette.QuerySource(series.QuerySource));
            var name = TokenText.Escape(TailName(series, oneLoss, oneSource));
            panel.Add(new JsonObject
            {
                ["type"] = "scatter", ["mode"] = "lines", ["name"] = name, ["x"] = PlotlyJson.Numbers(curve.Select(q => Math.Log10(q.Error))), ["y"] = PlotlyJson.Numbers(curve.Select(q => q.Height)),
                ["customdata"] = new JsonArray([.. curve.Select(q => (JsonNode?)PlotlyJson.Numbers(q.Error, 100 * (1 - Math.Pow(10, -q.Height))))]),
                ["line"] = new JsonObject { ["color"] = loss.Colour, ["width"] = 2, ["dash"] = query.Dash }, ["hovertemplate"] = $"{name}<br>%{{customdata[1]:.1f}} % have at most %{{customdata[0]:.4f}}<extra></extra>",
            });
            panel.Add(Marks(series, loss, name, top, High));
        }
        LineLabels.Flags(panel, [.. quantiles.Select((curve, s) => (texts[s], Palette.Loss(tails.Series[s].Loss).Colour, End(curve[^1].Error)))], plot * TailRoom / (top + TailRoom));
        return canvas.ToFigure("error-tails", $"Cumulative errors of {Number.Count(tails.Series.Count, "series").Replace("seriess", "series")} of queries with marks at p50, p95 and p99. {finding}. {TokenText.Escape(tails.Source)}.", source);
    }

    private static string TailName(ErrorSeries series, bool oneLoss, bool oneSource)
    {
        var (loss, query) = (Palette.Loss(series.Loss).Name, Palette.QuerySource(series.QuerySource).Name);
        return oneSource ? loss : oneLoss ? query : $"{loss}, {query}";
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
        if (tails.Series.DistinctBy(series => series.Loss).Count() == 1 && tails.Series.Count > 1)
            return $"Under {TokenText.Escape(tails.Series[0].Loss)} 95 % of {string.Join(", of ", tails.Series.Select((series, i) => $"{Palette.QuerySource(series.QuerySource).Name} {(i == 0 ? "have an error " : "")}below {Number.Three(Number.Quantile(series.Errors, 0.95))}"))}";
        var source = tails.Series.Any(series => series.QuerySource == "continuation") ? "continuation" : tails.Series[0].QuerySource;
        var rows = tails.Series.Where(series => series.QuerySource == source).Select(series => (series.Loss, P95: Number.Quantile(series.Errors, 0.95), Series: series)).OrderBy(row => row.P95).ToList();
        var best = rows.TakeWhile(row => row == rows[0] || Overlap(row.Series, rows[0].Series)).ToList();
        var (least, most) = (Number.Three(best[0].P95), Number.Three(best[^1].P95));
        var names = best.Select(row => TokenText.Escape(row.Loss)).ToList();
        var said = $"95 % of {Palette.QuerySource(source).Name} have an error below {(least == most ? least : $"{least} to {most}")} under {(names.Count == 1 ? names[0] : $"{string.Join(", ", names.SkipLast(1))} and {names[^1]} (hardly to be told apart)")}";
        return rows.Count == best.Count ? said : $"{said}, below {Number.Three(rows[^1].P95)} under {TokenText.Escape(rows[^1].Loss)}";
    }

    // Without intervals nothing can be said about how sure an order is.
    private static bool Overlap(ErrorSeries one, ErrorSeries other) => one.P95 is { } a && other.P95 is { } b && a.Low <= b.High && b.Low <= a.High;
}
