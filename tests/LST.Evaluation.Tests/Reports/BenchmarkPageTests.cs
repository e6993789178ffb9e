using System.Globalization;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Records;

namespace LST.Evaluation.Tests.Reports;

/// <summary>docs/benchmark-results.md: each table is what the command above it prints, and what is said below holds. With LST_REWRITE_PAGES=1 its tables are printed again.</summary>
public sealed class BenchmarkPageTests
{
    private static readonly RecordPage Page = new("benchmark-results.md");
    private static readonly ItemRow Dense = new("dense", 1);

    [Fact]
    public void Its_tables_are_what_its_commands_print()
    {
        var page = Page.Text;

        var filled = RecordPage.Filled(page);

        if (RecordPage.Rewrites) File.WriteAllText(Page.Place, filled);
        else Assert.Equal(filled, page);
    }

    [Fact]
    public void Its_records_were_made_by_committed_code() =>
        Assert.All(RecordPage.ItemRecords(Page.Text), record => Assert.False(record.Versions.Dirty, $"{record.Id} was made from a changed checkout"));

    [Fact]
    public void Scores_beside_published_ones_are_those_of_the_dense_rows()
    {
        var lines = Page.Text.Split('\n');
        var view = View("zeroshot", "smollm2");
        foreach (var (name, task) in new[] { ("PIQA", "piqa"), ("HellaSwag", "hellaswag"), ("ARC-Easy", "arc_easy"), ("ARC-Challenge", "arc_challenge") })
        {
            var score = view.Score(Dense, task)!.Value;
            var cell = string.Create(CultureInfo.InvariantCulture, $"| {name} | {100 * score.Value:0.0} ({100 * score.Low:0.0} – {100 * score.High:0.0}) ");
            Assert.Contains(lines, line => line.StartsWith(cell, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Likelihood_tasks_cannot_tell_a_method_from_dense_but_LAMBADA_can()
    {
        var view = View("zeroshot", "smollm2");

        Assert.All(view.AdjustedP(view.Table.Rows), p => Assert.True(p.Value > 0.05, $"{p.Key} has p = {p.Value}"));
        double Perplexity(string method) => view.Table.All.First(row => row.Cell.Task == "lambada_openai" && row.Row.Method == method).Row.Perplexity!.Value;
        Assert.True(Perplexity("streaming") > 10 * Perplexity("dense"));
        Assert.True(Perplexity("lst") < 1.12 * Perplexity("dense"));
    }

    private static ScoreView View(string benchmark, string model) =>
        new(BenchmarkTable.Join(RecordPage.ItemRecords(Page.Text)).First(table => table.Records[0].Benchmark == benchmark && table.Records[0].Model.Name == model));
}
