using System.Globalization;
using System.Text;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Reports;

/// <summary>Which method wins where: a line for each table and budget, with the paired interval to the next one.</summary>
public static class BestMarkdown
{
    /// <summary>One Markdown table over all tables.</summary>
    /// <param name="tables">The tables.</param>
    /// <param name="among">Names of the methods that count, with whatever options; null: all. Rows <em>as printed</em> never count.</param>
    /// <exception cref="UsageException">No table has a row of one of the names.</exception>
    public static string Of(IReadOnlyList<PerplexityTable> tables, IReadOnlyCollection<string>? among = null)
    {
        if (among?.FirstOrDefault(name => !tables.Any(table => table.Rows.Any(row => IsOf(row.Row, name)))) is { } missing)
            throw new UsageException($"none of these records has a row of method '{missing}'");
        var text = new StringBuilder();
        text.Append("| model | text | protocol | budget | best | ppl / dense | next | next / best | not to be told from the best |\n|---|---|---|---|---|---|---|---|---|\n");
        foreach (var table in tables)
        {
            var rows = table.Rows.Select(row => row.Row).Where(row => row.Method != "dense" && !row.Method.EndsWith(" as printed", StringComparison.Ordinal) && (among is null || among.Any(name => IsOf(row, name)))).ToList();
            foreach (var ratio in rows.Select(row => row.Ratio).Distinct().Order()) text.Append(Line(table, [.. rows.Where(row => row.Ratio == ratio).OrderBy(row => row.Ppl)])).Append('\n');
        }
        return text.ToString();
    }

    private static bool IsOf(PerplexityRow row, string name) => row.Method == name || row.Method.StartsWith(name + ":", StringComparison.Ordinal);

    private static string Line(PerplexityTable table, IReadOnlyList<PerplexityRow> rows)
    {
        var (first, best) = (table.Records[0], rows[0]);
        var alike = rows.Skip(1).Where(row => !table.Ratio(row, best).Excludes(1)).Select(row => row.Method);
        var kind = first.Protocol.ToUpperInvariant() + (PerplexityTable.IsEqualBytes(first) ? ", equal bytes" : "");
        var budget = first.Options["slots"] is null ? FormattableString.Invariant($"{best.Ratio:0.##}:1") : FormattableString.Invariant($"{best.KeptSlotsMean:0.#} slots");
        var next = rows.Count < 2 ? "  |  |" : $" {rows[1].Method} | {Text(table.Ratio(rows[1], best))} |";
        return $"| {first.Model.Name} | {first.Text.Name} | {kind} | {budget} | {best.Method} | {Text(new Estimate(best.PplOverDense, best.Ci95[0], best.Ci95[1], best.Chunks))} |{next} {string.Join(", ", alike)} |";
    }

    private static string Text(Estimate ratio) => string.Create(CultureInfo.InvariantCulture, $"{ratio.Value:0.0000} ({ratio.Low:0.0000} – {ratio.High:0.0000})");
}
