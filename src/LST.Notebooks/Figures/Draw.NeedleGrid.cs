using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

public static partial class Draw
{
    /// <summary>How often a hidden fact was found, by depth and length, with the share in every cell.</summary>
    public static Figure NeedleGrid(NeedleGrid grid, string source = Figure.ComputedLive)
    {
        const int cellWidth = 84, cellHeight = 34, left = 84;
        var (rows, columns) = (grid.Depths.Count, grid.Lengths.Count);
        var finding = NeedleFinding(grid);
        var width = Math.Max(520, left + (columns * cellWidth) + 110);
        var counts = grid.Count.SelectMany(row => row).Where(count => count > 0).DefaultIfEmpty(0).ToList();
        var items = counts.Min() == counts.Max() ? $"{Number.Count(counts.Max(), "item")} a cell" : $"{counts.Min()} to {counts.Max()} items a cell";
        var canvas = new Canvas(width, (rows * cellHeight) + 76, finding, $"{TokenText.Escape(grid.Source)}. Share of items answered, {items}; –: not measured.");
        var x = Axis.Of("length of the text (tokens)", -0.5, columns - 0.5, [.. Enumerable.Range(0, columns).Select(i => (double)i)], [.. grid.Lengths.Select(length => length.ToString("#,0"))], grid: false);
        var y = Axis.Of("depth of the fact", rows - 0.5, -0.5, [.. Enumerable.Range(0, rows).Select(i => (double)i)], [.. grid.Depths.Select(depth => $"{100 * depth:0} %")], grid: false);
        var panel = canvas.Panel(left, 8, left + (columns * cellWidth), 8 + (rows * cellHeight), x, y);
        panel.Add(new JsonObject
        {
            ["type"] = "heatmap", ["z"] = PlotlyJson.Rows(grid.Score), ["zmin"] = 0, ["zmax"] = 1, ["xgap"] = 2, ["ygap"] = 2, ["colorscale"] = Palette.Sequential(), ["hoverongaps"] = false,
            ["text"] = PlotlyJson.Rows(grid.Score.Select(row => row.Select(score => double.IsFinite(score) ? score.ToString("0.00") : ""))), ["texttemplate"] = "%{text}", ["textfont"] = new JsonObject { ["size"] = 12 },
            ["customdata"] = new JsonArray([.. Enumerable.Range(0, rows).Select(r => (JsonNode?)new JsonArray([.. Enumerable.Range(0, columns).Select(c =>
                (JsonNode?)new JsonArray(PlotlyJson.Number(grid.Depths[r] * 100), grid.Lengths[c], grid.Count[r][c], WilsonText(grid.Score[r][c], grid.Count[r][c])))]))]),
            ["hovertemplate"] = "%{customdata[1]:,} tokens, fact at %{customdata[0]:.0f} %<br>found %{z:.2f} of %{customdata[2]} items<br>95 % interval %{customdata[3]}<extra></extra>",
            ["colorbar"] = Axis.ColourBar(canvas, "share answered", left + (columns * cellWidth) + 20, 8, 8 + (rows * cellHeight), 0, 1, v => v, [0, 0.25, 0.5, 0.75, 1]),
        });
        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++)
                if (!double.IsFinite(grid.Score[r][c])) panel.Say("–", c, r, 12, Palette.Quiet, "center");
        return canvas.ToFigure("needle-grid", $"Share of hidden facts found by depth and length. {finding}. {TokenText.Escape(grid.Source)}.", source);
    }

    private static string NeedleFinding(NeedleGrid grid)
    {
        var cells = (from r in Enumerable.Range(0, grid.Depths.Count) from c in Enumerable.Range(0, grid.Lengths.Count) where double.IsFinite(grid.Score[r][c]) select (Score: grid.Score[r][c], r, c)).ToList();
        if (cells.Count == 0) return "No item was measured";
        var items = cells.Sum(cell => grid.Count[cell.r][cell.c]);
        var mean = items == 0 ? cells.Average(cell => cell.Score) : cells.Sum(cell => cell.Score * grid.Count[cell.r][cell.c]) / items;
        var worst = cells.MinBy(cell => cell.Score);
        if (worst.Score == cells.Max(cell => cell.Score)) return $"The fact is found in {Number.Percent(mean)} of {Number.Count(items, "item")}, alike at every depth and length";
        return $"The fact is found in {Number.Percent(mean)} of {Number.Count(items, "item")}; least, {Number.Percent(worst.Score)}, at {100 * grid.Depths[worst.r]:0} % of {grid.Lengths[worst.c]:#,0} tokens";
    }

    // Wilson's interval: honest where all or none of a few items were found.
    private static string WilsonText(double share, int count)
    {
        if (count == 0 || !double.IsFinite(share)) return "–";
        const double z = 1.96;
        var (middle, scale) = (share + (z * z / (2 * count)), 1 + (z * z / count));
        var half = z * Math.Sqrt((share * (1 - share) / count) + (z * z / (4.0 * count * count)));
        return $"[{Math.Max(0, (middle - half) / scale):0.00}, {Math.Min(1, (middle + half) / scale):0.00}]";
    }
}
