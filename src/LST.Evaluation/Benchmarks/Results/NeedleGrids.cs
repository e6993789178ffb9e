using LST.Core;
using LST.Evaluation.Analysis;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Evaluation.Benchmarks.Results;

/// <summary>Needle grids from a table of <c>eval niah</c>.</summary>
public static class NeedleGrids
{
    /// <summary>The grid of a row: the cells of <c>eval niah</c>, or the single needles of <c>eval ruler</c>, whose depths are drawn and put together here.</summary>
    /// <param name="table">A table whose items have depths.</param>
    /// <param name="row">One of its rows.</param>
    /// <param name="bands">Parts of equal width that depths are put together in; null: each depth stands for itself.</param>
    /// <exception cref="UsageException">The row is not there, or its items have no depths or lengths.</exception>
    public static NeedleGrid Of(BenchmarkTable table, ItemRow row, int? bands = null)
    {
        var cells = table.Of(row).Where(source => source.Cell.Length is not null && source.Cell.Labels?.ContainsKey("depth") == true).ToList();
        if (cells.Count == 0) throw new UsageException($"{row} has no items with a length and a depth in these records; give records of eval niah, and one of {string.Join(", ", table.Rows)}");
        var found = cells.SelectMany(source => source.Row.Scores[source.Cell.Headline].Values.Select((score, item) => (Depth: Band(source.Cell.Labels!["depth"][item]!.GetValue<double>() / 100, bands), Length: source.Cell.Length!.Value, Score: score))).ToList();
        double[] depths = [.. found.Select(item => item.Depth).Distinct().Order()];
        int[] lengths = [.. found.Select(item => item.Length).Distinct().Order()];
        var byCell = found.ToLookup(item => (item.Depth, item.Length), item => item.Score);
        return new NeedleGrid(row.Method == "dense" ? $"{table.Records[0].Model.Name}, dense" : FormattableString.Invariant($"{table.Records[0].Model.Name}, {row.Method} {row.RatioRequested:0.##}:1"), depths, lengths,
            [.. depths.Select(depth => (IReadOnlyList<double>)[.. lengths.Select(length => byCell[(depth, length)].DefaultIfEmpty(double.NaN).Average())])],
            [.. depths.Select(depth => (IReadOnlyList<int>)[.. lengths.Select(length => byCell[(depth, length)].Count())])]);
    }

    // The middle of the part that a depth lies in.
    private static double Band(double depth, int? bands) => bands is not { } count ? depth : (Math.Min(Math.Floor(depth * count), count - 1) + 0.5) / count;
}
