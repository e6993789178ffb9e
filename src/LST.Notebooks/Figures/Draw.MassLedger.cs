using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    private const int MostLedgerTokens = 160, LedgerWidth = 960, LedgerPlot = 150;

    /// <summary>
    /// For a query chosen by slider, what it reads from each token under the dense cache, from each slot under the compressed one, and the difference;
    /// buttons turn the log-mass bias off where slots have one (view 2).
    /// </summary>
    /// <param name="ledger">The masses.</param>
    /// <param name="firstToken">First token shown where there are more than 160; null: where the queries read most.</param>
    /// <param name="source">Record ids.</param>
    public static Figure MassLedger(MassLedger ledger, int? firstToken = null, string source = Figure.ComputedLive)
    {
        var rows = new LedgerRows(ledger, TokenWindow.Of(ledger.Tokens.Count, MostLedgerTokens, firstToken ?? MostRead(ledger)));
        var first = rows.MostTelling();
        var canvas = new Canvas(LedgerWidth, (3 * LedgerPlot) + 246, rows.Finding(), LedgerNote(ledger, rows));
        canvas.Say(rows.Sentence(first), 66, 12, 12, Palette.Ink);
        double at = 66;
        foreach (var mark in rows.Fates)
        {
            canvas.Say(LineLabels.Key(mark, mark.Name), at, 34, 12, LineLabels.Ink(mark.Colour));
            at += Canvas.TextWidth($"■ {mark.Name}", 12) + 20;
        }
        canvas.Say("<b>—</b> dense mass of a slot’s tokens", at, 34, 12, Palette.Ink);
        var highest = Enumerable.Range(0, ledger.Queries.Count).Max(q => Math.Max(rows.Dense(q).DefaultIfEmpty(0).Max(), Math.Max(rows.Slots(ledger.Compressed, q).DefaultIfEmpty(0).Max(), rows.Slots(ledger.WithoutBias, q).DefaultIfEmpty(0).Max())));
        var farthest = Enumerable.Range(0, ledger.Queries.Count).Max(q => rows.Difference(ledger.Compressed, q).Concat(rows.Difference(ledger.WithoutBias, q)).Select(Math.Abs).DefaultIfEmpty(0).Max());
        var (top, reach) = (Axis.Root(Math.Max(highest, 1e-4)) * 1.08, Axis.Root(Math.Max(farthest, 1e-4)) * 1.08);
        var ticks = Axis.MassTicks.Concat([0.002, 0.005, 0.02]);
        var dense = canvas.Panel(66, 56, LedgerWidth - 20, 56 + LedgerPlot, LedgerX(rows, last: false), Axis.Scaled("mass, dense", 0, top, Axis.Root, ticks, LedgerPlot));
        var compressed = canvas.Panel(66, 76 + LedgerPlot, LedgerWidth - 20, 76 + (2 * LedgerPlot), LedgerX(rows, last: false), Axis.Scaled("mass, compressed", 0, top, Axis.Root, ticks, LedgerPlot));
        var difference = canvas.Panel(66, 96 + (2 * LedgerPlot), LedgerWidth - 20, 96 + (3 * LedgerPlot), LedgerX(rows, last: true), Axis.Scaled("difference", -reach, reach, Axis.Root, ticks.Concat([-0.001, -0.005]), LedgerPlot));
        dense.Add(LedgerBars("dense", rows.TokenX, null, rows.TokenColours, true));
        foreach (var on in new[] { true, false })
        {
            compressed.Add(LedgerBars(on ? "with bias" : "without bias", rows.SlotX, rows.SlotWidths, rows.SlotColours, on));
            difference.Add(LedgerBars(on ? "with bias" : "without bias", rows.DifferenceX, rows.DifferenceWidths, rows.DifferenceColours, on));
        }
        compressed.Add(new JsonObject
        {
            ["type"] = "scatter", ["mode"] = "lines", ["name"] = "dense mass of the same tokens", ["x"] = PlotlyJson.Numbers(rows.SlotX.Zip(rows.SlotWidths).SelectMany(slot => new[] { slot.First - (slot.Second / 2), slot.First + (slot.Second / 2), double.NaN })),
            ["line"] = new JsonObject { ["color"] = Palette.Ink, ["width"] = 1.5 }, ["hoverinfo"] = "skip",
        });
        difference.Line(rows.Window.First - 0.5, 0, rows.Window.End - 0.5, 0, "#888888");
        canvas.Layout["bargap"] = 0;
        canvas.Set(rows.Update(first));
        canvas.Layout["sliders"] = new JsonArray(LedgerSlider(canvas, ledger, rows, first));
        if (rows.HasBias) canvas.Layout["updatemenus"] = new JsonArray(LedgerSwitch(canvas));
        return canvas.ToFigure("mass-ledger", $"Attention mass by token and by slot for {Number.Count(ledger.Queries.Count, "query").Replace("querys", "queries")}{(rows.HasBias ? ", with and without the log-mass bias" : "")}. {rows.Finding()}. {TokenText.Escape(ledger.Source)}.", source);
    }

    // Of all windows the one in which the queries' mass under the dense cache is largest.
    private static int MostRead(MassLedger ledger)
    {
        double[] mass = [.. Enumerable.Range(0, ledger.Tokens.Count).Select(token => ledger.Dense.Sum(row => (double)row[token]))];
        var (best, sum, bestSum) = (0, 0.0, -1.0);
        for (var end = 0; end < mass.Length; end++)
        {
            sum += mass[end] - (end >= MostLedgerTokens ? mass[end - MostLedgerTokens] : 0);
            if (end >= MostLedgerTokens - 1 && sum > bestSum) (best, bestSum) = (end - MostLedgerTokens + 1, sum);
        }
        return best;
    }

    private static string LedgerNote(MassLedger ledger, LedgerRows rows)
    {
        var bounds = rows.Window.Bounds("tokens");
        return $"{TokenText.Escape(ledger.Source)}, layer {ledger.Layer}, head {ledger.Head}.{(bounds.Length > 0 ? $" Shown: {bounds}; numbers are over all." : "")} Attention mass on a square-root scale. A box is a slot, as wide as its tokens.{(rows.HasBias ? "" : " No slot has a log-mass bias.")}";
    }

    private static JsonObject LedgerX(LedgerRows rows, bool last)
    {
        var (low, high) = (rows.Window.First - 0.5, rows.Window.End - 0.5);
        var axis = rows.Window.Count <= 64 && last
            ? Axis.Of("prompt token", low, high, rows.TokenX, [.. rows.Labels], grid: false)
            : Axis.Of(last ? "position of the prompt’s token" : "", low, high, grid: false);
        if (rows.Window.Count <= 64 && last) (axis["tickangle"], axis["tickfont"]) = (-90, Canvas.Font(9));
        if (!last) (axis["showticklabels"], axis["matches"]) = (false, "x3");
        return axis;
    }

    private static JsonObject LedgerBars(string name, IEnumerable<double> x, IEnumerable<double>? widths, IEnumerable<string> colours, bool visible)
    {
        var bars = new JsonObject
        {
            ["type"] = "bar", ["name"] = name, ["x"] = PlotlyJson.Numbers(x), ["visible"] = visible, ["marker"] = new JsonObject { ["color"] = PlotlyJson.Texts(colours), ["line"] = new JsonObject { ["color"] = "#FFFFFF", ["width"] = widths is null ? 0 : 1 } },
            ["hovertemplate"] = "%{customdata}<extra></extra>",
        };
        if (widths is not null) bars["width"] = PlotlyJson.Numbers(widths);
        return bars;
    }

    private static JsonObject LedgerSlider(Canvas canvas, MassLedger ledger, LedgerRows rows, int first)
    {
        var steps = new JsonArray();
        for (var q = 0; q < ledger.Queries.Count; q++)
        {
            steps.Add(new JsonObject
            {
                ["method"] = "update", ["label"] = TokenText.Label(ledger.Queries[q]), ["value"] = q.ToString(),
                ["args"] = new JsonArray(rows.Update(q), new JsonObject { ["annotations[0].text"] = rows.Sentence(q) }, PlotlyJson.Numbers(Enumerable.Range(0, canvas.Traces))),
            });
        }
        return new JsonObject
        {
            ["active"] = first, ["steps"] = steps, ["x"] = PlotlyJson.Number(canvas.X(66)), ["len"] = PlotlyJson.Number(canvas.X(LedgerWidth - 86)), ["xanchor"] = "left",
            ["y"] = PlotlyJson.Number(canvas.Y((3 * LedgerPlot) + 168)), ["yanchor"] = "top", ["pad"] = new JsonObject { ["t"] = 0, ["b"] = 0, ["l"] = 0, ["r"] = 0 }, ["ticklen"] = 4, ["minorticklen"] = 2,
            ["currentvalue"] = new JsonObject { ["prefix"] = "query: ", ["font"] = Canvas.Font(12) }, ["font"] = Canvas.Font(9),
        };
    }

    private static JsonObject LedgerSwitch(Canvas canvas)
    {
        JsonObject Button(string label, bool on) => new()
        {
            ["method"] = "restyle", ["label"] = label, ["args"] = new JsonArray(new JsonObject { ["visible"] = new JsonArray(on, on, !on, !on) }, PlotlyJson.Numbers(1, 2, 3, 4)),
        };
        return new JsonObject
        {
            ["type"] = "buttons", ["direction"] = "right", ["active"] = 0, ["buttons"] = new JsonArray(Button("with bias", true), Button("without bias", false)), ["showactive"] = true, ["font"] = Canvas.Font(11),
            ["x"] = PlotlyJson.Number(canvas.X(LedgerWidth - 20)), ["xanchor"] = "right", ["y"] = PlotlyJson.Number(canvas.Y(12)), ["yanchor"] = "middle", ["pad"] = new JsonObject { ["t"] = 0, ["b"] = 0, ["l"] = 0, ["r"] = 0 },
        };
    }
}
