using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using LST.Evaluation.Tests.Records;

namespace LST.Evaluation.Tests.Reports;

/// <summary>Of all records of a text the page takes those that compare most methods.</summary>
public sealed class WidestTableTests
{
    [Fact]
    public void The_table_of_most_methods_is_chosen_and_of_two_the_newer()
    {
        var (old, newer, few) = (Record("2026-01-01T00:00:00Z", 3, "h2o", "mean"), Record("2026-01-03T00:00:00Z", 2, "h2o", "lst"), Record("2026-01-04T00:00:00Z", 1, "h2o"));

        Assert.Equal([newer], Assert.Single(WidestTable.OfEachText([few, old, newer])).Records);
    }

    [Fact]
    public void Runs_on_the_same_chunks_join_to_a_wider_one()
    {
        var (one, two, more) = (Record("2026-01-01T00:00:00Z", 3, "h2o", "mean"), Record("2026-01-02T00:00:00Z", 3, "lst", "tova"), Record("2026-01-03T00:00:00Z", 2, "h2o", "mean", "lst"));

        Assert.Equal([one, two], Assert.Single(WidestTable.OfEachText([more, two, one])).Records);
    }

    [Fact]
    public void A_run_that_calls_another_thing_by_the_same_name_stays_out()
    {
        var (wide, other) = (Record("2026-01-01T00:00:00Z", 3, "h2o", "mean"), Record("2026-01-02T00:00:00Z", 3, "h2o") with { Seed = 7 });

        Assert.Equal([wide], Assert.Single(WidestTable.OfEachText([other, wide])).Records);
    }

    private static PerplexityRecord Record(string created, int chunks, params string[] methods)
    {
        double[] dense = [.. Enumerable.Repeat(900.0, chunks)];
        return ExampleRecords.Perplexity([ExampleRecords.Row("dense", 1, dense), .. methods.Select((method, i) => ExampleRecords.Row(method, 2, [.. dense.Select(nll => nll + 10 + i)], dense: dense))]) with { Created = created, Id = "ppl-" + created };
    }
}
