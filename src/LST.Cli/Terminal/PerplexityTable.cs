using System.Globalization;
using LST.Evaluation.Records;
using Spectre.Console;

namespace LST.Cli.Terminal;

/// <summary>Perplexity rows as a table on standard output.</summary>
public static class PerplexityTable
{
    /// <summary>Writes one record.</summary>
    public static void Write(PerplexityRecord record)
    {
        // A redirected table must not be cut to a terminal's width.
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected) console.Profile.Width = 200;
        var table = new Table().Border(Console.IsOutputRedirected ? TableBorder.Ascii : TableBorder.Rounded);
        table.Title = new TableTitle(Markup.Escape(Title(record)));
        foreach (var name in new[] { "method", "r", "r real", "ppl", "ppl / dense", "95 % interval", "slots", "bytes/token", "ms/1k tokens" })
            table.AddColumn(name == "method" ? new TableColumn(name) : new TableColumn(name).RightAligned());
        foreach (var row in record.Rows)
            table.AddRow(Markup.Escape(row.Method), Number(row.Ratio, "0.##"), Number(row.RatioEffective, "0.00"), Number(row.Ppl, "0.000"), Number(row.PplOverDense, "0.0000"),
                row.Method == "dense" ? "" : $"{Number(row.Ci95[0], "0.0000")} – {Number(row.Ci95[1], "0.0000")}", Number(row.KeptSlotsMean, "0.#"), Number(row.BytesPerToken, "#,0"), Number(row.CompressMsPer1kTokens, "0.0"));
        console.Write(table);
    }

    private static string Title(PerplexityRecord record) => record.Suffix is { } suffix
        ? $"{record.Model.Name} on {record.Text.Name}, {record.Protocol}: P = {record.Prefix}, S = {suffix}, {record.Chunks} chunks, {record.Dtype}"
        : $"{record.Model.Name} on {record.Text.Name}, {record.Protocol}: blocks of {record.Prefix}, {record.Chunks} blocks, {record.Dtype}";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
