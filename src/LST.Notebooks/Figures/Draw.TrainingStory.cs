using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    /// <summary>Losses and held-out error of training runs over the same steps; the reference run is a thin line (view 9).</summary>
    public static Figure TrainingStory(params IReadOnlyList<StoryRun> runs)
    {
        (string Title, Func<StoryRun, IReadOnlyList<int>> Steps, Func<StoryRun, IReadOnlyList<double>> Values, Func<double, string> Format)[] all =
        [
            ("divergence from the dense model (nats a token)", run => run.Steps, run => run.Divergence, Number.Three), ("loss of the tokens’ importance", run => run.Steps, run => run.Importance, Number.Three),
            ("language loss (nats a token)", run => run.Steps, run => run.LanguageLoss, Number.Three), ("QPAA loss", run => run.Steps, run => run.Qpaa, Number.Three), ("diversity loss", run => run.Steps, run => run.Diversity, Number.Three),
            (DevelopmentTitle, run => run.DevelopmentSteps, run => run.PplOverDense, value => value.ToString("0.000", System.Globalization.CultureInfo.InvariantCulture)), (HeldOutTitle, run => run.ProbeSteps, run => run.ProbeError, Number.Three),
        ];
        var shown = all.Where(story => runs.Any(run => story.Values(run).Any(double.IsFinite))).ToArray();
        const int left = 72, label = 190, plot = 130, between = 34, width = 860;
        var finding = StoryFinding(runs);
        var ranges = shown.Select(story => StoryRange(runs.SelectMany(story.Values))).ToList();
        var canvas = new Canvas(width, (shown.Length * (plot + between)) + 40, finding,
            StoryNote(runs, shown.Any(story => story.Title == HeldOutTitle), ranges.Any(range => range.IsCut)));
        double lastStep = runs.SelectMany(run => run.Steps.Concat(run.ProbeSteps).Concat(run.DevelopmentSteps)).DefaultIfEmpty(1).Max();
        for (var p = 0; p < shown.Length; p++)
        {
            var top = 24 + (p * (plot + between));
            var (low, high, _) = ranges[p];
            var x = Axis.Of(p == shown.Length - 1 ? "training step" : "", 0, lastStep);
            if (p < shown.Length - 1) x["showticklabels"] = false;
            if (p > 0) x["matches"] = "x";
            var panel = canvas.Panel(left, top, width - label, top + plot, x, Axis.Of("", low, high));
            panel.Name($"<b>{shown[p].Title}</b>");
            var ends = new List<(string, string, double, double)>();
            foreach (var run in runs.OrderBy(run => !run.IsReference))
                if (Story(panel, run, shown[p].Steps(run), shown[p].Values(run), shown[p].Format, shown[p].Title == DevelopmentTitle ? run.BudgetsFrom : null) is { } end) ends.Add(end);
            LineLabels.Add(panel, ends, low, high, lastStep, shift: 8);
        }
        return canvas.ToFigure("training-story", $"Curves over {lastStep:#,0} training steps of {Number.Count(runs.Count, "run")}: {string.Join("; ", shown.Select(story => story.Title))}. {finding}.", string.Join(", ", runs.Select(run => run.RecordId)));
    }

    private const string DevelopmentTitle = "perplexity over dense, development text", HeldOutTitle = "held-out relative error";
    private const double SmoothShare = 0.05;
    private const int MostPlainSteps = 40;

    private static (string, string, double, double)? Story(Panel panel, StoryRun run, IReadOnlyList<int> steps, IReadOnlyList<double> values, Func<double, string> format, int? budgetsFrom)
    {
        if (!values.Any(double.IsFinite)) return null;
        var mark = Palette.Loss(run.Name);
        var name = TokenText.Escape(run.Name);
        var dense = values.Count > MostPlainSteps && budgetsFrom is null;
        var line = dense ? Smooth(values) : values;
        if (dense) panel.Add(Line(Palette.Tint(mark.Colour, 0.35), 0.8, "skip", steps, values));
        if (budgetsFrom is { } from) AddPieces(from);
        else panel.Add(Line(mark.Colour, Thickness(), "x+y", steps, line));
        var last = Enumerable.Range(0, line.Count).Last(i => double.IsFinite(line[i]));
        return ($"{name} {format(line[last])}", mark.Colour, steps[last], line[last]);

        double Thickness() => run.IsReference ? 1 : 2.5;

        // No step of the optimizer leads over the gap: heads got other budgets behind the last step.
        void AddPieces(int first)
        {
            panel.Add(Line(mark.Colour, Thickness(), "x+y", [.. steps.Take(first)], [.. values.Take(first)]));
            panel.Add(Line(mark.Colour, Thickness(), "x+y", [.. steps.Skip(first)], [.. values.Skip(first)]));
            var gap = Line(Palette.Tint(mark.Colour, 0.7), 1.5, "skip", [steps[first - 1], steps[first]], [values[first - 1], values[first]]);
            gap["line"]!["dash"] = "dot";
            panel.Add(gap);
            panel.Say("head budgets measured", steps[first], values[first - 1], 10, LineLabels.Ink(mark.Colour), "right", xshift: -4, yshift: values[first] < values[first - 1] ? 3 : -3);
        }

        JsonObject Line(string colour, double thickness, string hover, IReadOnlyList<int> x, IReadOnlyList<double> y)
        {
            var trace = new JsonObject
            {
                ["type"] = "scatter", ["mode"] = dense || hover == "skip" ? "lines" : "lines+markers", ["name"] = name, ["x"] = PlotlyJson.Numbers(x), ["y"] = PlotlyJson.Numbers(y),
                ["line"] = new JsonObject { ["color"] = colour, ["width"] = thickness, ["dash"] = run.IsReference ? "solid" : mark.Dash }, ["marker"] = new JsonObject { ["color"] = colour, ["symbol"] = mark.Symbol, ["size"] = run.IsReference ? 4 : 7 },
            };
            // Markers at the first and last step stand on the frame.
            if (!dense && hover != "skip") trace["cliponaxis"] = false;
            if (hover == "skip") trace["hoverinfo"] = "skip";
            else trace["hovertemplate"] = $"{name}<br>step %{{x:,}}<br>%{{y:.4f}}<br>{TokenText.Escape(run.RecordId)}<extra></extra>";
            return trace;
        }
    }

    private static double[] Smooth(IReadOnlyList<double> values)
    {
        var span = Math.Max(1, (int)(values.Count * SmoothShare));
        return [.. Enumerable.Range(0, values.Count).Select(i => Enumerable.Range(Math.Max(0, i - span + 1), Math.Min(span, i + 1)).Select(j => values[j]).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average())];
    }

    // The first steps of a fresh network would press the rest into a line: the top percent is cut off at the frame.
    private static (double Low, double High, bool IsCut) StoryRange(IEnumerable<double> values)
    {
        float[] finite = [.. values.Where(double.IsFinite).Select(value => (float)value).Order()];
        var (low, high) = (finite[0], finite.Length > 200 ? Number.Quantile(finite, 0.99) : finite[^1]);
        var room = Math.Max(0.08 * (high - low), 1e-4);
        return (low - room, high + room, finite[^1] > high + room);
    }

    private static string StoryFinding(IReadOnlyList<StoryRun> runs)
    {
        var measured = runs.Where(run => run.ProbeError.Any(double.IsFinite)).Select(run => (run.Name, Error: run.ProbeError.Last(double.IsFinite), Step: run.ProbeSteps[^1])).OrderBy(run => run.Error).ToList();
        if (measured.Count == 0 && runs.Where(run => run.PplOverDense.Count > 0).MinBy(run => run.PplOverDense[^1]) is { } best)
        {
            if (best.BudgetsFrom is { } from) return $"{TokenText.Escape(best.Name)}: {best.PplOverDense[from - 1]:0.000} of the dense perplexity by choice alone, {best.PplOverDense[^1]:0.000} with budgets of heads";
            return $"{TokenText.Escape(best.Name)} ends at {best.PplOverDense[^1]:0.000} of the dense perplexity after {best.DevelopmentSteps[^1]:#,0} steps, from {best.PplOverDense[0]:0.000}";
        }
        if (measured.Count == 0)
        {
            var (name, loss, step) = runs.Select(run => (run.Name, run.LanguageLoss.LastOrDefault(double.IsFinite), run.Steps.LastOrDefault())).OrderBy(run => run.Item2).First();
            return loss == 0 ? $"{TokenText.Escape(name)} after {step:#,0} steps" : $"{TokenText.Escape(name)} ends at {Number.Three(loss)} nats a token after {step:#,0} steps";
        }
        var said = $"Held-out queries end at relative error {Number.Three(measured[0].Error)} with {TokenText.Escape(measured[0].Name)}";
        return measured.Count == 1 ? $"{said} after {measured[0].Step:#,0} steps" : $"{said}, at {Number.Three(measured[^1].Error)} with {TokenText.Escape(measured[^1].Name)}";
    }

    private static string StoryNote(IReadOnlyList<StoryRun> runs, bool hasHeldOut, bool isCut) => string.Join(' ', new[]
    {
        runs.Any(run => run.Steps.Count > MostPlainSteps) ? $"Pale: every step that was logged; strong: mean over the {SmoothShare:0 %} of the steps before." : "",
        isCut ? "Peaks cut off at the frame." : "",
        runs.Any(run => run.IsReference) ? "Thin: the reference run." : "",
        hasHeldOut ? "Held-out error: median over queries that no step was trained on." : "",
    }.Where(sentence => sentence.Length > 0));
}
