using System.Globalization;
using System.Text;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Reports;

/// <summary>Perplexity tables as Markdown: each number with its interval, the records and the commands that made them.</summary>
public static class PerplexityMarkdown
{
    /// <summary>One section a table.</summary>
    /// <param name="tables">The tables.</param>
    /// <param name="against">Method that every other one of the same ratio is compared with, in pairs; a table without it has no such column.</param>
    public static string Of(IEnumerable<PerplexityTable> tables, string against) => string.Join("\n", tables.Select(table => Section(table, against)));

    private static string Section(PerplexityTable table, string against)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.Append(FormattableString.Invariant(line)).Append('\n');
        var first = table.Records[0];
        var kind = (first.Text.Name.EndsWith("-dev", StringComparison.Ordinal) ? " (development text)" : "") + (PerplexityTable.IsEqualBytes(first) ? " at equal bytes" : "");
        Line($"## {first.Model.Name} on {first.Text.Name}{kind}");
        Line($"");
        Line($"{first.Protocol.ToUpperInvariant()}, {Lengths(first)}, {first.Dtype}.");
        Line($"");
        foreach (var record in table.Records)
        {
            Line($"Record `{record.Id}` · commit `{record.Versions.Commit[..Math.Min(10, record.Versions.Commit.Length)]}` · {record.Machine.Processor}, {record.Threads} {(record.Threads == 1 ? "thread" : "threads")} · prefill {record.Rows[0].PrefillMsPer1kTokens:0} ms/1k");
            Line($"");
            Line($"    {record.Command}");
            Line($"");
        }
        var compares = table.Rows.Any(row => row.Row.Method == against);
        Line($"| method | parameters | r | r real | ppl | ppl / dense | 95 % interval |{(compares ? $" ppl / {against} |" : "")} slots | bytes/token | ms/1k |");
        text.Append(compares ? "|---|---|---|---|---|---|---|---|---|---|---|\n" : "|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (var (_, row) in table.Rows)
        {
            var isDense = row.Method == "dense";
            var pair = !compares ? "" : table.Find(against, row.Ratio) is { } other && row.Method != against && !isDense ? $" {Pair(table.Ratio(row, other))} |" : "  |";
            Line($"| {row.Method} | {(row.Parameters == 0 ? "" : row.Parameters.ToString("N0", CultureInfo.InvariantCulture))} | {row.Ratio:0.##} | {row.RatioEffective:0.00} | {row.Ppl:0.000} | {row.PplOverDense:0.0000} | {(isDense ? "" : string.Create(CultureInfo.InvariantCulture, $"{row.Ci95[0]:0.0000} – {row.Ci95[1]:0.0000}"))} |{pair} {row.KeptSlotsMean:0.#} | {row.BytesPerToken:#,0} | {row.CompressMsPer1kTokens:0.0} |");
        }
        Line($"");
        if (first.Rows[0].NllByOffset.Count > 0)
            Line($"Loss by {(first.Protocol == "e2" ? "position in the stream" : "offset behind the prompt")}, dense, nats a token: {string.Join(", ", first.Rows[0].NllByOffset.Select(nll => nll.ToString("0.000", CultureInfo.InvariantCulture)))} (bins from {string.Join(", ", first.OffsetBinEdges.SkipLast(1))}).");
        Line($"");
        Line($"Best: {string.Join("; ", table.Rows.Select(row => row.Row.Ratio).Where(ratio => ratio > 1).Distinct().Order().Select(ratio => Best(table, ratio)))}.");
        return text.ToString();
    }

    private static string Lengths(PerplexityRecord record) => record switch
    {
        { Suffix: { } suffix } => $"P = {record.Prefix}, S = {suffix}, {record.Chunks} chunks",
        { SampleTokens: { } tokens } => $"halves of {record.Chunks} lines of {tokens.Min()} to {tokens.Max()} tokens, mean over lines",
        { Protocol: "e2" } => $"{record.Chunks} streams of {record.Prefix} tokens in steps of {record.Options["step"]}",
        _ => $"blocks of {record.Prefix}, {record.Chunks} blocks",
    };

    private static string Pair(Estimate ratio) => string.Create(CultureInfo.InvariantCulture, $"{ratio.Value:0.0000} ({ratio.Low:0.0000} – {ratio.High:0.0000})");

    private static string Best(PerplexityTable table, double ratio)
    {
        var (best, alike) = table.Best(ratio);
        var others = alike.Count == 0 ? "" : $", not to be told from {string.Join(", ", alike.Select(row => row.Method))}";
        return string.Create(CultureInfo.InvariantCulture, $"{ratio:0.##}:1 {best.Method} ({best.PplOverDense:0.0000}{others})");
    }
}
