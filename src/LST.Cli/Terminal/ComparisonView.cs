using System.Globalization;
using LST.Evaluation.Reports.Comparison;

namespace LST.Cli.Terminal;

/// <summary>A comparison of rows on standard output: the pairs with their intervals, then what was configured differently.</summary>
internal static class ComparisonView
{
    private const int MostShown = 120;

    /// <summary>Writes it.</summary>
    public static void Write(RecordComparison comparison)
    {
        var (a, b) = (comparison.A, comparison.B);
        Console.WriteLine($"A: {a.Id}");
        Console.WriteLine($"B: {b.Id}");
        Console.WriteLine($"{a.Model.Name} on {a.Text.Name}, {a.Protocol}, {a.Chunks} chunks; A / B is paired over the chunks, below 1 A is better");
        DataTable.Write(["A", "B", "ppl A", "ppl B", "A / B", "95 % interval", ""], comparison.Rows.Select(row => (string[])
        [
            RowComparison.Name(row.A), RowComparison.Name(row.B), Number(row.A.Ppl, "0.000"), Number(row.B.Ppl, "0.000"), Number(row.Ratio.Value, "0.0000"),
            $"{Number(row.Ratio.Low, "0.0000")} – {Number(row.Ratio.High, "0.0000")}", row.Verdict,
        ]), rightAligned: column => column is >= 2 and <= 5);
        if (comparison.Differences.Count == 0)
            Console.WriteLine(ReferenceEquals(a, b) ? "configuration: one run, and no option of one method that differs" : "configuration: no difference");
        else
            DataTable.Write(["configuration", "A", "B"], comparison.Differences.Select(difference => (string[])[difference.Name, Shown(difference.A), Shown(difference.B)]), rightAligned: _ => false);
    }

    // Budgets of heads fill many lines of a terminal, which is for reading; a file keeps them whole.
    private static string Shown(string? value) => value switch
    {
        null => "(none)",
        { Length: > MostShown } when Screen.OutputIsTerminal => value[..MostShown] + "…",
        _ => value,
    };

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
