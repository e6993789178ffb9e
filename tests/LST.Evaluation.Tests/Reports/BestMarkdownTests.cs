using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using LST.Evaluation.Tests.Records;

namespace LST.Evaluation.Tests.Reports;

/// <summary>The table of winners: least perplexity, paired with the next, what cannot be told apart beside it.</summary>
public sealed class BestMarkdownTests
{
    private static readonly double[] Dense = [900, 1000, 1100];
    private static readonly PerplexityRecord Run = ExampleRecords.Perplexity(
        Row("dense", 1, Dense), Row("a", 2, [910, 1012, 1120]), Row("b:sinks=4", 2, [915, 1010, 1118]), Row("c", 2, [950, 1050, 1150]), Row("c as printed", 2, [901, 1001, 1101]), Row("c", 4, [990, 1090, 1190]));

    private static readonly IReadOnlyList<PerplexityTable> Tables = PerplexityTable.Join([Run]);

    [Fact]
    public void Each_budget_has_its_winner_the_next_one_and_those_that_are_alike()
    {
        var lines = BestMarkdown.Of(Tables).TrimEnd('\n').Split('\n');

        var (table, a, b) = (Tables[0], Tables[0].Find("a", 2)!, Tables[0].Find("b:sinks=4", 2)!);
        Assert.Equal(4, lines.Length);
        Assert.StartsWith($"| lst-ref | api | E1 | 2:1 | a | {a.PplOverDense:0.0000} (", lines[2], StringComparison.Ordinal);
        Assert.Contains($"| b:sinks=4 | {table.Ratio(b, a).Value:0.0000} ({table.Ratio(b, a).Low:0.0000} – {table.Ratio(b, a).High:0.0000}) |", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("| b:sinks=4 |", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("| lst-ref | api | E1 | 4:1 | c | ", lines[3], StringComparison.Ordinal);
        Assert.EndsWith(" |  |  |  |", lines[3], StringComparison.Ordinal);
        Assert.Single(lines.Select(line => line.Count(letter => letter == '|')).Distinct());
    }

    [Fact]
    public void Among_some_methods_the_best_of_them_wins_whatever_its_options()
    {
        Assert.Contains("| 2:1 | b:sinks=4 |", BestMarkdown.Of(Tables, ["b", "c"]), StringComparison.Ordinal);
        Assert.Contains("method 'lagkv'", Assert.Throws<UsageException>(() => BestMarkdown.Of(Tables, ["b", "lagkv"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Streams_of_so_many_slots_are_named_by_them()
    {
        var streams = Run with { Protocol = "e2", Options = new JsonObject { ["slots"] = new JsonArray(256), ["step"] = 16 } };

        Assert.Contains($"| E2 | {Run.Rows[1].KeptSlotsMean:0.#} slots | a |", BestMarkdown.Of(PerplexityTable.Join([streams])), StringComparison.Ordinal);
    }

    private static PerplexityRow Row(string method, double ratio, double[] nll) => ExampleRecords.Row(method, ratio, nll, dense: method == "dense" ? nll : Dense);
}
