using System.Globalization;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Runs;

namespace LST.Cli.Terminal;

/// <summary>Rolling perplexities as lm-evaluation-harness prints them: sums over documents before they are divided, without intervals, which it does not give either.</summary>
internal static class RollingTable
{
    private static readonly string[] Columns = ["task", "documents", "words", "bytes", "word perplexity", "byte perplexity", "bits per byte"];

    /// <summary>Writes those of the lines that are rolling; nothing where there are none.</summary>
    public static void Write(IReadOnlyList<ItemLine> lines)
    {
        List<string[]> rows = [.. lines.Where(line => line.Mode == RollingBenchmark.Mode).GroupBy(line => line.Task).Select(task => Row(task.Key, [.. task]))];
        if (rows.Count == 0) return;
        Console.WriteLine("perplexity of kind W (rolling windows; of words and bytes, sums over documents)");
        DataTable.Write(Columns, rows, column => column >= 1);
    }

    private static string[] Row(string task, IReadOnlyList<ItemLine> lines)
    {
        var scores = RollingBenchmark.ScoresOf(lines);
        long Sum(string name) => lines.Sum(line => (long)RollingBenchmark.Number(line, name));
        return [task, Number(lines.Count, "0"), Number(Sum("words"), "0"), Number(Sum("bytes"), "0"), Number(scores.WordPerplexity, "0.0000"), Number(scores.BytePerplexity, "0.0000"), Number(scores.BitsPerByte, "0.0000")];
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
