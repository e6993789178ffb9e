using System.Globalization;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Cli.Terminal;

/// <summary>Item lines as a table on standard output: a row for each task, method and ratio, with its interval.</summary>
internal static class ItemTable
{
    private static readonly string[] Columns = ["task", "method", "r", "r real", "n'", "items", "score", "95 % interval", "compressed", "against dense", "p (Holm)"];

    /// <summary>Writes lines.</summary>
    /// <param name="lines">Lines of one folder.</param>
    /// <param name="manifest">What they have in common.</param>
    /// <param name="underWay">Files that are left out because other runs are writing them.</param>
    public static void Write(IReadOnlyList<ItemLine> lines, ItemManifest manifest, IReadOnlyList<string> underWay)
    {
        var statistics = new ItemStatistics(lines, seed: manifest.Seed);
        List<string[]> rows = [];
        foreach (var task in statistics.Tasks)
        {
            var names = statistics.Rows(task);
            var dense = names.FirstOrDefault(row => row.Method == "dense");
            var against = dense.Method is null ? [] : statistics.Against(task, dense).ToDictionary(comparison => comparison.Row);
            foreach (var name in names)
            {
                var row = statistics.Summary(task, name);
                // What was not compressed says nothing of its method: no claim stands beside it.
                var isClaim = name.Method == "dense" || row.IsCompressed;
                var pair = isClaim ? against.GetValueOrDefault(name) : null;
                rows.Add([task, name.Method, Number(name.RatioRequested, "0.##"), isClaim ? Number(row.RatioEffective, "0.00") : "not compressed", Number(row.MeanTokens, "0"), $"{row.Items}",
                    Number(row.Interval.Value, "0.0000"), isClaim ? $"{Number(row.Interval.Low, "0.0000")} – {Number(row.Interval.High, "0.0000")}" : "", name.Method == "dense" ? "" : Number(row.CompressedShare * 100, "0") + " %",
                    pair is null ? "" : $"{Number(pair.Difference.Value, "+0.0000;-0.0000")} ({Number(pair.Difference.Low, "+0.0000;-0.0000")} – {Number(pair.Difference.High, "+0.0000;-0.0000")})", pair is null ? "" : Number(pair.HolmP, "0.000")]);
            }
        }
        Console.WriteLine($"{manifest.Model}, {manifest.Benchmark}, {manifest.Mode}{(statistics.Tasks.Any(task => task is "repeats" or "wikitext") ? "; n' is the mean number of tokens that a context has to compress; of repeats and wikitext the score is a loss, smaller is better (of wikitext the mean of documents; below stand the pooled numbers)" : "")}");
        if (Pooled(lines) is { } pooled) Console.WriteLine($"each row is a mean over {pooled}; ./lst records table ID --by length tells lengths apart");
        if (underWay.Count > 0) Console.WriteLine($"left out, because another run is writing them: {string.Join(", ", underWay)}");
        DataTable.Write(Columns, rows, column => column >= 2);
    }

    // Lengths and variants that a task's rows put together.
    private static string? Pooled(IReadOnlyList<ItemLine> lines)
    {
        string[] lengths = [.. lines.Select(line => line.Length).OfType<int>().Distinct().Order().Select(length => Number(length, "0"))];
        var variants = lines.GroupBy(line => line.Task).Select(task => task.Select(line => line.Variant ?? "reference").Distinct().Order(StringComparer.Ordinal).ToArray()).FirstOrDefault(names => names.Length > 1);
        string[] parts = [.. lengths.Length > 1 ? [$"the lengths {string.Join(", ", lengths)}"] : (string[])[], .. variants is not null ? [$"the variants {string.Join(", ", variants)}"] : (string[])[]];
        return parts.Length == 0 ? null : string.Join(" and ", parts);
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
