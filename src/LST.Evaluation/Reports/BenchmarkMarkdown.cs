using System.Globalization;
using System.Text;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Reports;

/// <summary>
/// Benchmark tables as Markdown: for each ratio the rows from best to worst, a column for each task, length or label, the average of tasks, and the paired difference to dense with p values adjusted for all
/// rows of the table. Shares are in percent.
/// </summary>
public static class BenchmarkMarkdown
{
    /// <summary>One Markdown table.</summary>
    /// <param name="view">What is shown.</param>
    /// <param name="among">Names of methods that are shown, with whatever options, dense always; null: all.</param>
    /// <param name="margin">A last column says which rows lose less than this against dense, in points of a share or units of the score, blank where a column was not compressed (<see cref="ScoreView.LosesLessThan"/>); null: no such column.</param>
    /// <exception cref="UsageException">No row has one of the names.</exception>
    public static string Of(ScoreView view, IReadOnlyCollection<string>? among = null, double? margin = null)
    {
        var (headings, rows) = Texts(view, among, margin);
        var text = new StringBuilder();
        void Line(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
        Line(headings);
        text.Append("|---|---:|---:|---:|").Append(string.Concat(Enumerable.Repeat("---|", headings.Count - 4))).Append('\n');
        foreach (var row in rows) Line(row);
        return text.ToString();
    }

    /// <summary>The same as texts: headings, and the cells of each row.</summary>
    /// <param name="view">What is shown.</param>
    /// <param name="among">As in <see cref="Of"/>.</param>
    /// <param name="margin">As in <see cref="Of"/>.</param>
    /// <exception cref="UsageException">No row has one of the names.</exception>
    public static (IReadOnlyList<string> Headings, IReadOnlyList<IReadOnlyList<string>> Rows) Texts(ScoreView view, IReadOnlyCollection<string>? among = null, double? margin = null)
    {
        var rows = Shown(view, among);
        var averages = rows.ToDictionary(row => row, row => view.Score(row)!.Value);
        // A row without some of the columns is no row of the average.
        var whole = rows.Where(row => view.Columns.All(column => view.Items(row, column) > 0)).ToHashSet();
        var p = view.AdjustedP([.. view.Table.Rows.Where(row => view.Columns.All(column => view.Items(row, column) > 0))]);
        IReadOnlyList<string> columns = view.Columns.Count == 1 ? [] : view.Columns;
        List<IReadOnlyList<string>> texts = [];
        foreach (var row in rows.OrderBy(row => row.RatioRequested).ThenBy(row => !whole.Contains(row)).ThenBy(row => (view.SmallerIsBetter ? 1 : -1) * averages[row].Value).ThenBy(row => row.Method, StringComparer.Ordinal))
        {
            var isClaim = whole.Contains(row) && view.IsCompressed(row);
            var difference = row.Method == "dense" || !isClaim ? null : view.Difference(row);
            texts.Add(
            [
                row.Method, row.RatioRequested.ToString("0.##", CultureInfo.InvariantCulture), Ratio(view, row), view.Items(row).ToString(CultureInfo.InvariantCulture), .. columns.Select(column => Cell(view, view.Score(row, column), view.IsCompressed(row, column))),
                whole.Contains(row) ? Cell(view, averages[row], view.IsCompressed(row)) : "–", difference is { } value ? Difference(view, value) : "", isClaim && p.TryGetValue(row, out var adjusted) ? P(adjusted) : "",
                .. margin is { } most ? [difference is null || !view.Columns.All(column => view.IsCompressed(row, column)) ? "" : view.LosesLessThan(row, view.IsShare ? most / 100 : most) switch { true => "yes", false => "no", null => "open" }] : Array.Empty<string>(),
            ]);
        }
        return (["method", "r", "r real", "items", .. columns.Select(view.Heading), columns.Count == 0 ? view.Heading(view.Columns[0]) : "average", "− dense", "p (Holm)", .. margin is { } bound ? [string.Create(CultureInfo.InvariantCulture, $"loses < {bound:0.###}{(view.IsShare ? " points" : "")}")] : Array.Empty<string>()], texts);
    }

    /// <summary>A row for each method and a column for each ratio: the average over tasks. Rows stand in the order of their mean over ratios; those that lack a ratio come last.</summary>
    /// <param name="view">What is shown; its columns are what is averaged.</param>
    /// <param name="among">As in <see cref="Of"/>.</param>
    /// <exception cref="UsageException">No row has one of the names, or no row is compressed.</exception>
    public static string ByRatio(ScoreView view, IReadOnlyCollection<string>? among = null)
    {
        var rows = Shown(view, among).Where(row => view.Columns.All(column => view.Items(row, column) > 0)).ToList();
        double[] ratios = [.. rows.Where(row => row.Method != "dense").Select(row => row.RatioRequested).Distinct().Order()];
        if (ratios.Length == 0) throw new UsageException("--by ratio: these records have no compressed row; leave it out");
        Estimate? At(string method, double ratio) => rows.Exists(row => row.Method == method && (row.RatioRequested == ratio || method == "dense")) ? view.Score(new ItemRow(method, method == "dense" ? 1 : ratio)) : null;
        var methods = rows.Select(row => row.Method).Distinct().Select(method => (Name: method, Scores: ratios.Select(ratio => At(method, ratio)).ToList()))
            .OrderByDescending(method => method.Name == "dense").ThenByDescending(method => method.Scores.Count(score => score is not null)).ThenBy(method => (view.SmallerIsBetter ? 1 : -1) * method.Scores.OfType<Estimate>().Average(score => score.Value))
            .ThenBy(method => method.Name, StringComparer.Ordinal);
        var text = new StringBuilder();
        text.Append("| method |").Append(string.Concat(ratios.Select(ratio => string.Create(CultureInfo.InvariantCulture, $" {ratio:0.##}:1 |")))).Append("\n|---|").Append(string.Concat(Enumerable.Repeat("---|", ratios.Length))).Append('\n');
        foreach (var (name, scores) in methods)
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", scores.Select((score, i) => Cell(view, score, name == "dense" || view.IsCompressed(new ItemRow(name, ratios[i])))))} |\n");
        return text.ToString();
    }

    /// <summary>Effective ratios in place of scores: what there was to compress in each column, the mean length of a context first. Behind a ratio stands the share of items that were compressed, where it is not all of them.</summary>
    /// <param name="view">What is shown.</param>
    public static string Ratios(ScoreView view)
    {
        var text = new StringBuilder();
        text.Append("| method | r |").Append(string.Concat(view.Columns.Select(column => $" {column} |"))).Append(" all |\n|---|---:|").Append(string.Concat(Enumerable.Repeat("---:|", view.Columns.Count + 1))).Append('\n');
        if (view.TokensPerContext() > 0)
            text.Append("| *tokens a context* | |").Append(string.Concat(view.Columns.Select(column => string.Create(CultureInfo.InvariantCulture, $" {view.TokensPerContext(column):0.0} |")))).Append(CultureInfo.InvariantCulture, $" {view.TokensPerContext():0.0} |\n");
        foreach (var row in view.Table.Rows.Where(row => row.Method != "dense" && view.Items(row) > 0))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row.Method} | {row.RatioRequested:0.##} |");
            foreach (var column in view.Columns) text.Append(view.Items(row, column) == 0 ? " – |" : $" {RatioWithShare(view, row, column)} |");
            text.Append(CultureInfo.InvariantCulture, $" {RatioWithShare(view, row)} |\n");
        }
        return text.ToString();
    }

    /// <summary>Above the table: each record with its command, what it was made with, and what could not be run.</summary>
    public static string Head(BenchmarkTable table)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {table.Records[0].Title}\n\n");
        foreach (var record in table.Records)
        {
            text.Append(CultureInfo.InvariantCulture, $"Record `{record.Id}` · commit `{record.Versions.Commit[..Math.Min(10, record.Versions.Commit.Length)]}` · {record.Dtype}, {record.Machine.Processor}, {record.Threads} {(record.Threads == 1 ? "thread" : "threads")}\n\n    {record.Command}\n\n");
            foreach (var note in record.Notes ?? []) text.Append(note).Append("\n\n");
        }
        var variants = table.All.Where(row => row.Cell.Variant is not null).Select(row => $"{row.Cell.Task} {row.Cell.Variant}").Distinct().ToList();
        if (variants.Count > 0) text.Append(CultureInfo.InvariantCulture, $"Variants: {string.Join(", ", variants)}.\n\n");
        return text.ToString();
    }

    private static List<ItemRow> Shown(ScoreView view, IReadOnlyCollection<string>? among)
    {
        var rows = view.Table.Rows.Where(row => view.Items(row) > 0 && (among is null || row.Method == "dense" || among.Any(name => IsOf(row, name)))).ToList();
        return among?.FirstOrDefault(name => !rows.Exists(row => IsOf(row, name))) is { } missing ? throw new UsageException($"none of these records has a row of method '{missing}'") : rows;
    }

    private static bool IsOf(ItemRow row, string name) => row.Method == name || row.Method.StartsWith(name + ":", StringComparison.Ordinal);

    private static string RatioWithShare(ScoreView view, ItemRow row, string? column = null)
    {
        var (compressed, all) = view.CompressedItems(row, column);
        // Rounded down, so that 100 % are all, and 0 % none.
        var share = compressed == all ? "" : compressed > 0 && 100L * compressed < all ? " (< 1 %)" : $" ({100L * compressed / all} %)";
        return view.RatioEffective(row, column).ToString("0.00", CultureInfo.InvariantCulture) + share;
    }

    private static string Ratio(ScoreView view, ItemRow row)
    {
        var ratio = view.RatioEffective(row);
        return row.Method == "dense" || ratio >= ItemSummary.LeastRatio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : "not compressed";
    }

    // A bootstrap gives no width where all items agree; printing it would look like certainty.
    private static string Cell(ScoreView view, Estimate? score, bool isCompressed)
    {
        if (score is not { } value) return "–";
        var text = view.IsShare ? (100 * value.Value).ToString("0.0", CultureInfo.InvariantCulture) : value.Value.ToString("0.000", CultureInfo.InvariantCulture);
        if (!isCompressed) return $"{text} not compressed";
        return value.Low == value.High ? text
            : view.IsShare ? string.Create(CultureInfo.InvariantCulture, $"{text} ({100 * value.Low:0.0} – {100 * value.High:0.0})") : string.Create(CultureInfo.InvariantCulture, $"{text} ({value.Low:0.000} – {value.High:0.000})");
    }

    private static string Difference(ScoreView view, Estimate value)
    {
        var (factor, format) = view.IsShare ? (100, "+0.0;−0.0;0.0") : (1, "+0.000;−0.000;0.000");
        string Text(double number) => (factor * number).ToString(format, CultureInfo.InvariantCulture);
        return value.Low == value.High ? Text(value.Value) : $"{Text(value.Value)} ({Text(value.Low)} – {Text(value.High)})";
    }

    private static string P(double p) => p < 0.001 ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);
}
