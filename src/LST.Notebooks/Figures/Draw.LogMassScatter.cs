using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    private const int MostPairs = 4000;

    /// <summary>Score of each super-token against the log-sum-exp of its window, with and without the log-mass bias; on the diagonal a window keeps its mass (view 6).</summary>
    public static Figure LogMassScatter(LogMassPairs pairs, string source = Figure.ComputedLive)
    {
        var gaps = (With: Gaps(pairs.Window, pairs.WithBias), Without: Gaps(pairs.Window, pairs.WithoutBias));
        var finding = $"With the log-mass bias super-tokens score {Side(gaps.With)} their windows (median), without it {Side(gaps.Without)}";
        var shown = TokenWindow.Of(pairs.Window.Count, MostPairs, 0);
        var note = $"{TokenText.Escape(pairs.Source)}, layer {pairs.Layer}, head {pairs.Head}. {(shown.IsWhole ? $"{Number.Count(shown.Count, "pair")} of a query and a window." : $"Pairs {shown.Bounds("").Trim()} of a query and a window; the numbers are over all.")} Middle half of the differences: with [{Middle(gaps.With)}], without [{Middle(gaps.Without)}] nats.";
        const int left = 66, plot = 440;
        var canvas = new Canvas(780, plot + 70, finding, note);
        var (low, high) = Reach(pairs.Window.Concat(pairs.WithBias).Concat(pairs.WithoutBias));
        var panel = canvas.Panel(left, 8, left + plot, 8 + plot, Axis.Of("log Σ exp of the window’s scores (nats)", low, high), Axis.Of("score of its super-token (nats)", low, high));
        panel.Line(low, low, high, high, Palette.Ink, 1.5);
        panel.Add(Scores(shown, pairs.Window, pairs.WithoutBias, WithoutBias));
        panel.Add(Scores(shown, pairs.Window, pairs.WithBias, WithBias));
        LineLabels.Add(panel, [
            ("same mass as the window", Palette.Ink, high, high),
            ($"{WithBias.Name}: {Side(gaps.With)}", WithBias.Colour, high, high + Math.Clamp(gaps.With.Middle, low - high, 0)),
            ($"{WithoutBias.Name}: {Side(gaps.Without)}", WithoutBias.Colour, high, high + Math.Clamp(gaps.Without.Middle, low - high, 0))], low, high, high);
        return canvas.ToFigure("log-mass", $"Score of super-tokens against the log-sum-exp of their windows, {Number.Count(pairs.Window.Count, "pair")}, diagonal drawn. {finding}. {TokenText.Escape(pairs.Source)}.", source);
    }

    private static readonly Mark WithBias = new("with bias", "#D55E00", "circle");
    private static readonly Mark WithoutBias = new("without bias", "#56B4E9", "x");

    private static JsonObject Scores(TokenWindow shown, IReadOnlyList<float> window, IReadOnlyList<float> score, Mark mark) => new()
    {
        ["type"] = "scatter", ["mode"] = "markers", ["name"] = mark.Name, ["x"] = PlotlyJson.Numbers(shown.Of(window)), ["y"] = PlotlyJson.Numbers(shown.Of(score)),
        ["marker"] = new JsonObject { ["color"] = mark.Colour, ["symbol"] = mark.Symbol, ["size"] = shown.Count > 1000 ? 4 : 5, ["opacity"] = shown.Count > 300 ? 0.5 : 0.8 },
        ["hovertemplate"] = $"{mark.Name}<br>window %{{x:.2f}} nats<br>super-token %{{y:.2f}} nats<extra></extra>",
    };

    private static (double Low, double Middle, double High) Gaps(IReadOnlyList<float> window, IReadOnlyList<float> score)
    {
        float[] gaps = [.. window.Zip(score, (w, s) => s - w).Where(float.IsFinite).Order()];
        return gaps.Length == 0 ? (double.NaN, double.NaN, double.NaN) : (Number.Quantile(gaps, 0.25), Number.Quantile(gaps, 0.5), Number.Quantile(gaps, 0.75));
    }

    private static string Side((double Low, double Middle, double High) gap) => $"{Math.Abs(gap.Middle):0.00} nats {(gap.Middle < 0 ? "below" : "above")}";

    private static string Middle((double Low, double Middle, double High) gap) => $"{gap.Low:0.00}, {gap.High:0.00}".Replace('-', '−');
}
