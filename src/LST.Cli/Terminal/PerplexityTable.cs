using System.Globalization;
using LST.Evaluation.Records;
using Spectre.Console;

namespace LST.Cli.Terminal;

/// <summary>Perplexity rows as a table on standard output; it fits 80 columns.</summary>
public static class PerplexityTable
{
    private static readonly string[] Columns = ["r", "r\nreal", "ppl", "ppl /\ndense", "95 % interval\nof ppl / dense", "slots", "bytes/\ntoken", "ms/1k\ntokens"];

    /// <summary>Writes one record.</summary>
    public static void Write(PerplexityRecord record)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.Title = new TableTitle(Markup.Escape(Title(record)));
        table.AddColumn(new TableColumn("method").Padding(0, 2));
        foreach (var name in Columns) table.AddColumn(new TableColumn(name).RightAligned().NoWrap().Padding(0, name == Columns[^1] ? 0 : 2));
        foreach (var row in record.Rows)
            table.AddRow(Markup.Escape(row.Method), Number(row.Ratio, "0.##"), Number(row.RatioEffective, "0.00"), Number(row.Ppl, "0.000"), Number(row.PplOverDense, "0.0000"),
                row.Method == "dense" ? "" : $"{Number(row.Ci95[0], "0.0000")} – {Number(row.Ci95[1], "0.0000")}", Number(row.KeptSlotsMean, "0.#"), Number(row.BytesPerToken, "#,0"), Number(row.CompressMsPer1kTokens, "0.0"));
        Screen.Output(columns: 200).Write(table);
    }

    private static string Title(PerplexityRecord record) => $"{record.Model.Name} on {record.Text.Name}, {record.Protocol}: " + record switch
    {
        { Suffix: { } suffix } => $"P = {record.Prefix}, S = {suffix}, {record.Chunks} chunks, {record.Dtype}",
        { SampleTokens: { } tokens } => $"halves of {record.Chunks} lines of {tokens.Min()} to {tokens.Max()} tokens, mean over lines, {record.Dtype}",
        { Protocol: "e2" } => $"{record.Chunks} streams of {record.Prefix} tokens in steps of {record.Options["step"]}, {record.Dtype}",
        _ => $"perplexity of kind T{record.Prefix} (of tokens, blocks of {record.Prefix}), {record.Chunks} blocks, {record.Dtype}",
    };

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
