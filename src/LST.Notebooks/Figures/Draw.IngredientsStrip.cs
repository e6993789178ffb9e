using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    private const int MostStripTokens = 240, StripRow = 44, StripWidth = 900, StripLeft = 44;
    private const double StripCharacter = 7.4;

    // Above an even share by less than this, weights tell nothing.
    private const double EvenShare = 1.05;

    /// <summary>The prompt's text with a box around the tokens of each slot; the shade is a token's weight in its slot, above stand norm ratio and bias (view 1).</summary>
    /// <param name="strip">Tokens and slots.</param>
    /// <param name="firstToken">First token shown where there are more than 240.</param>
    /// <param name="source">Record ids.</param>
    public static Figure IngredientsStrip(IngredientsStrip strip, int firstToken = 0, string source = Figure.ComputedLive)
    {
        var window = TokenWindow.Of(strip.Tokens.Count, MostStripTokens, firstToken);
        var slotOf = SlotOfToken(strip.Tokens.Count, strip.Slots);
        var cells = Flow(strip, window, slotOf);
        var rows = cells.Max(cell => cell.Row) + 1;
        var fates = slotOf.GroupBy(slot => Palette.Fate(slot is { } s ? strip.Slots[s].Kind : null)).ToDictionary(group => group.Key, group => group.Count());
        var merged = strip.Slots.Where(slot => slot.Kind == SlotKind.Merged).ToList();
        var bounds = window.Bounds("tokens");
        var note = $"{TokenText.Escape(strip.Source)}, layer {strip.Layer}, KV head {strip.Head}.{(bounds.Length > 0 ? $" Shown: {bounds}." : "")}{(merged.Count > 0 ? " Darker: more weight in the merged slot. Above a slot: length of its key over the mean length of its tokens’ keys · log-mass bias in nats." : "")}";
        var canvas = new Canvas(StripWidth, (rows * StripRow) + 56, StripFinding(strip, fates, merged), note);
        var x = new JsonObject { ["visible"] = false, ["range"] = PlotlyJson.Numbers(-2, StripWidth - StripLeft - 18), ["fixedrange"] = true };
        var y = new JsonObject { ["visible"] = false, ["range"] = PlotlyJson.Numbers(rows * StripRow, 0), ["fixedrange"] = true };
        var panel = canvas.Panel(StripLeft, 4, StripWidth - 16, 4 + (rows * StripRow), x, y);
        for (var row = 0; row < rows; row++) panel.Say((strip.FirstToken + window.First + cells.FindIndex(cell => cell.Row == row)).ToString(), 0, (row * StripRow) + 28, 9, Palette.Quiet, "right", xshift: -8);
        foreach (var cell in cells) Paint(panel, cell, strip);
        foreach (var run in Runs(cells)) Border(panel, run, strip);
        panel.Add(StripHover(cells, strip));
        double at = StripLeft;
        foreach (var (mark, count) in fates.OrderByDescending(fate => fate.Value))
        {
            var text = $"{mark.Name} {Number.Percent((double)count / strip.Tokens.Count)}";
            canvas.Say(LineLabels.Key(mark, text), at, (rows * StripRow) + 32, 12, LineLabels.Ink(mark.Colour));
            at += Canvas.TextWidth($"■ {text}", 12) + 26;
        }
        return canvas.ToFigure("ingredients", $"{Number.Count(strip.Tokens.Count, "token")} and the {Number.Count(strip.Slots.Count, "slot")} made of them. {StripFinding(strip, fates, merged)}. {TokenText.Escape(strip.Source)}.", source);
    }

    private sealed record StripCell(int Token, int? Slot, int Row, double Left, double Width);

    private static int?[] SlotOfToken(int tokens, IReadOnlyList<SlotView> slots)
    {
        var slotOf = new int?[tokens];
        for (var s = 0; s < slots.Count; s++)
            foreach (var token in slots[s].Tokens)
                if (token < tokens) slotOf[token] = s;
        return slotOf;
    }

    // Tokens flow like text; a merged slot is widened until its label fits above it.
    private static List<StripCell> Flow(IngredientsStrip strip, TokenWindow window, int?[] slotOf)
    {
        var cells = new List<StripCell>();
        var (row, left) = (0, 0.0);
        for (var token = window.First; token < window.End;)
        {
            var end = token + 1;
            while (slotOf[token] is not null && end < window.End && slotOf[end] == slotOf[token]) end++;
            double[] widths = [.. Enumerable.Range(token, end - token).Select(t => (TokenText.Visible(strip.Tokens[t], 14).Length * StripCharacter) + 8)];
            var need = slotOf[token] is { } slot && strip.Slots[slot].Kind == SlotKind.Merged ? StripLabel(strip.Slots[slot]).Length * 5.6 + 6 : 0;
            if (widths.Sum() < need) widths = [.. widths.Select(width => width * need / widths.Sum())];
            if (left > 0 && left + widths.Sum() > StripWidth - StripLeft - 20) (row, left) = (row + 1, 0);
            foreach (var width in widths)
            {
                if (left > 0 && left + width > StripWidth - StripLeft - 20) (row, left) = (row + 1, 0);
                cells.Add(new StripCell(token, slotOf[token], row, left, width));
                (token, left) = (token + 1, left + width);
            }
            left += 4;
        }
        return cells;
    }

    private static string StripLabel(SlotView slot) => $"{slot.NormRatio:0.00} · {slot.Bias:0.0}".Replace('-', '−');

    private static double StripWeight(StripCell cell, IngredientsStrip strip)
    {
        if (cell.Slot is not { } s) return 0;
        var at = Enumerable.Range(0, strip.Slots[s].Tokens.Count).First(i => strip.Slots[s].Tokens[i] == cell.Token);
        return strip.Slots[s].Weights[at];
    }

    private static void Paint(Panel panel, StripCell cell, IngredientsStrip strip)
    {
        var slot = cell.Slot is { } s ? strip.Slots[s] : null;
        var share = slot is null ? 0 : slot.Kind == SlotKind.Merged ? 0.06 + (0.8 * StripWeight(cell, strip) / slot.Weights.Max()) : 0.22;
        panel.Canvas.Shapes.Add(new JsonObject
        {
            ["type"] = "rect", ["layer"] = "below", ["xref"] = panel.X, ["yref"] = panel.Y, ["x0"] = PlotlyJson.Number(cell.Left), ["x1"] = PlotlyJson.Number(cell.Left + cell.Width),
            ["y0"] = (cell.Row * StripRow) + 18, ["y1"] = (cell.Row * StripRow) + 38, ["line"] = new JsonObject { ["width"] = 0 }, ["fillcolor"] = Palette.Tint(Palette.Fate(slot?.Kind).Colour, share),
        });
    }

    private static IEnumerable<List<StripCell>> Runs(List<StripCell> cells)
    {
        var run = new List<StripCell>();
        foreach (var cell in cells)
        {
            if (run.Count > 0 && (cell.Slot != run[0].Slot || cell.Row != run[0].Row))
            {
                yield return run;
                run = [];
            }
            if (cell.Slot is not null) run.Add(cell);
        }
        if (run.Count > 0) yield return run;
    }

    private static void Border(Panel panel, List<StripCell> run, IngredientsStrip strip)
    {
        var slot = strip.Slots[run[0].Slot!.Value];
        var top = run[0].Row * StripRow;
        panel.Box(run[0].Left, top + 18, run[^1].Left + run[^1].Width, top + 38, Palette.Fate(slot.Kind).Colour, 1.5);
        var isFirst = run[0].Token == slot.Tokens.Min();
        if (slot.Kind == SlotKind.Merged && isFirst && run[^1].Left + run[^1].Width - run[0].Left >= StripLabel(slot).Length * 5) panel.Say(StripLabel(slot), run[0].Left, top + 10, 9, Palette.Quiet);
    }

    // One invisible trace carries the texts and what hover says.
    private static JsonObject StripHover(List<StripCell> cells, IngredientsStrip strip) => new()
    {
        ["type"] = "scatter", ["mode"] = "text", ["x"] = PlotlyJson.Numbers(cells.Select(cell => cell.Left + (cell.Width / 2))), ["y"] = PlotlyJson.Numbers(cells.Select(cell => (cell.Row * StripRow) + 28)),
        ["text"] = PlotlyJson.Texts(cells.Select(cell => TokenText.Label(strip.Tokens[cell.Token]))),
        ["textfont"] = new JsonObject
        {
            ["family"] = "Menlo, Consolas, 'DejaVu Sans Mono', monospace", ["size"] = 12, ["color"] = PlotlyJson.Texts(cells.Select(cell => cell.Slot is null ? "#8A8A8A" : Palette.Ink)),
        },
        ["customdata"] = PlotlyJson.Texts(cells.Select(cell => cell.Slot is { } s
            ? $"{Palette.Fate(strip.Slots[s].Kind).Name}, slot {s} at position {strip.Slots[s].Position}, {Number.Count(strip.Slots[s].Tokens.Count, "token")}<br>weight {StripWeight(cell, strip):0.000}, norm ratio {strip.Slots[s].NormRatio:0.00}, bias {strip.Slots[s].Bias:0.00} nats"
            : "dropped: in no slot")),
        ["hovertemplate"] = $"“%{{text}}”, token %{{hovertext}}<br>%{{customdata}}<br>layer {strip.Layer}, KV head {strip.Head}<extra></extra>",
        ["hovertext"] = PlotlyJson.Texts(cells.Select(cell => cell.Token.ToString())), ["cliponaxis"] = false,
    };

    private static string StripFinding(IngredientsStrip strip, Dictionary<Mark, int> fates, List<SlotView> merged)
    {
        var said = $"{Number.Count(strip.Tokens.Count, "token")} became {Number.Count(strip.Slots.Count, "slot")}";
        var dropped = fates.GetValueOrDefault(Palette.Fate(null));
        if (merged.Count == 0) return dropped == 0 ? said : $"{said}; {Number.Percent((double)dropped / strip.Tokens.Count)} of the tokens were dropped";
        var heaviest = merged.Average(slot => slot.Weights.Max() / slot.Weights.Sum());
        var even = merged.Average(slot => 1.0 / slot.Tokens.Count);
        if (heaviest > EvenShare * even) return $"{said}; the heaviest token of a merged slot holds {Number.Percent(heaviest)} of it, an even share is {Number.Percent(even)}";
        var inMerged = fates.GetValueOrDefault(Palette.Fate(SlotKind.Merged));
        var kept = strip.Tokens.Count - inMerged - dropped;
        return $"{said}; {Number.Count(kept, "token")} kept, {inMerged:#,0} merged into {(merged.Count == 1 ? "one" : $"{merged.Count:#,0}")}{(dropped == 0 ? "" : $", {dropped:#,0} dropped")}";
    }
}
