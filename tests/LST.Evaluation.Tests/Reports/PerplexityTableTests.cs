using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using LST.Evaluation.Statistics;
using LST.Evaluation.Tests.Records;

namespace LST.Evaluation.Tests.Reports;

/// <summary>Tables over several runs: rows are paired by chunk, the newest of a method counts, and the page of results is what the records say.</summary>
public sealed class PerplexityTableTests
{
    private static readonly double[] Dense = [900, 1000, 1100];

    [Fact]
    public void Runs_on_the_same_chunks_are_one_table_in_which_the_newest_row_counts()
    {
        var old = Record("2026-01-01T00:00:00Z", Row("dense", 1, Dense), Row("h2o", 2, [930, 1040, 1150]), Row("mean", 2, [990, 1090, 1200]));
        var newer = Record("2026-01-02T00:00:00Z", Row("dense", 1, Dense), Row("lst", 2, [901, 1002, 1101]), Row("mean", 2, [980, 1080, 1190]));
        var elsewhere = Record("2026-01-03T00:00:00Z", Row("dense", 1, Dense)) with { Dtype = "bfloat16" };

        var tables = PerplexityTable.Join([newer, elsewhere, old]);

        Assert.Equal(2, tables.Count);
        var table = Assert.Single(tables, t => t.Records.Count == 2);
        Assert.Equal(["dense", "h2o", "mean", "lst"], table.Rows.Select(row => row.Row.Method));
        Assert.Equal(980, table.Find("mean", 2)!.ChunkNll[0]);
        Assert.Same(newer, table.Rows.Single(row => row.Row.Method == "mean").Record);
        Assert.Null(table.Find("mean", 4));
    }

    [Fact]
    public void Any_two_rows_are_compared_by_their_chunks_with_the_bootstrap_of_the_statistics()
    {
        double[] h2o = [930, 1040, 1150], lst = [901, 1002, 1101];
        var table = Assert.Single(PerplexityTable.Join([Record("2026-01-01T00:00:00Z", Row("dense", 1, Dense), Row("h2o", 2, h2o), Row("lst", 2, lst))]));

        var ratio = table.Ratio(table.Find("h2o", 2)!, table.Find("lst", 2)!);

        Assert.Equal(Math.Exp((h2o.Sum() - lst.Sum()) / 1536), ratio.Value, 1e-12);
        Assert.Equal(new PairedBootstrap(3).PerplexityRatio(h2o, lst, [512, 512, 512]), ratio);
        Assert.True(ratio.Excludes(1));
        var (best, alike) = table.Best(2);
        Assert.Equal("lst", best.Method);
        Assert.Empty(alike);
    }

    [Fact]
    public void What_the_interval_cannot_tell_apart_is_named_beside_the_best()
    {
        var table = Assert.Single(PerplexityTable.Join([Record("2026-01-01T00:00:00Z", Row("dense", 1, Dense), Row("a", 2, [910, 1012, 1120]), Row("b", 2, [915, 1010, 1118]), Row("c", 2, [950, 1050, 1150]))]));

        var (best, alike) = table.Best(2);

        Assert.Equal(("a", "b"), (best.Method, Assert.Single(alike).Method));
        Assert.Contains("Best: 2:1 a (1.0277, not to be told from b).", PerplexityMarkdown.Of([table], "lst"), StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_that_disagree_about_the_dense_model_are_no_pairs()
    {
        var (a, b) = (Record("2026-01-01T00:00:00Z", Row("dense", 1, Dense)), Record("2026-01-02T00:00:00Z", Row("dense", 1, [900, 1000, 1101])));

        Assert.Contains("chunk 2", Assert.Throws<DataException>(() => PerplexityTable.Join([a, b])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Slots_and_bytes_that_are_equal_are_tables_of_their_own()
    {
        var slots = Record("2026-01-01T00:00:00Z", Row("dense", 1, Dense), Row("h2o", 2, [930, 1040, 1150]));
        var bytes = slots with { Created = "2026-01-02T00:00:00Z", Options = new JsonObject { ["equal"] = "bytes" } };

        var tables = PerplexityTable.Join([slots, bytes]);

        Assert.Equal(2, tables.Count);
        Assert.Contains("## lst-ref on api at equal bytes\n", PerplexityMarkdown.Of(tables, "lst"), StringComparison.Ordinal);
    }

    [Fact]
    public void One_name_for_two_sidecars_is_refused()
    {
        PerplexityRow Lst(string digest, string file) => Row("lst", 2, [901, 1002, 1101]) with { Options = new JsonObject { ["file"] = file, ["file-sha256"] = digest } };
        var shipped = Record("2026-01-01T00:00:00Z", Row("dense", 1, Dense), Lst("aa", "lst-2x.safetensors"));

        PerplexityTable.Join([shipped, Record("2026-01-02T00:00:00Z", Row("dense", 1, Dense), Lst("aa", "best.safetensors"))]);
        var error = Assert.Throws<DataException>(() => PerplexityTable.Join([shipped, Record("2026-01-03T00:00:00Z", Row("dense", 1, Dense), Lst("bb", "lst-2x.safetensors"))]));

        Assert.Contains("other options or another sidecar", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_column_of_pairs_is_there_where_the_method_is()
    {
        var tables = PerplexityTable.Join([Record("2026-01-01T00:00:00Z", Row("dense", 1, Dense), Row("h2o", 2, [930, 1040, 1150]), Row("h2o", 4, [950, 1060, 1180]), Row("lst", 2, [901, 1002, 1101]))]);

        var with = PerplexityMarkdown.Of(tables, "lst");
        var without = PerplexityMarkdown.Of(tables, "kvzip");

        Assert.Contains("| ppl / lst |", with, StringComparison.Ordinal);
        Assert.Matches(@"\| h2o \|  \| 2 \|.*\| 1\.0784 \(\d\.\d{4} – \d\.\d{4}\) \|", with);
        Assert.Matches(@"\| h2o \|  \| 4 \|.*\|  \| 255.8 \|", with);
        Assert.DoesNotContain("ppl / kvzip", without, StringComparison.Ordinal);
        foreach (var markdown in new[] { with, without })
        {
            var rows = markdown.Split('\n').Where(line => line.StartsWith('|')).ToList();
            Assert.Single(rows.Select(row => row.Count(c => c == '|')).Distinct());
        }
    }

    [Fact]
    public void The_page_of_results_is_what_the_records_say()
    {
        var root = ProjectFolders.Root!;
        var page = File.ReadAllText(Path.Combine(root, "docs", "results.md")).ReplaceLineEndings("\n");
        // Those that the page names: whoever runs a table has records of his own beside them.
        var ids = Regex.Matches(page, "^Record `([^`]+)`", RegexOptions.Multiline).Select(match => match.Groups[1].Value).ToList();
        var records = ids.Select(id => RecordStore.Read<PerplexityRecord>(Path.Combine(root, "data", "results", "ppl", id + ".json"))).ToList();

        var tables = PerplexityMarkdown.Of(PerplexityTable.Join(records), "lst");

        // Written by: ./lst records table
        Assert.NotEmpty(records);
        Assert.EndsWith($"<!-- ./lst records table -->\n\n{tables}", page, StringComparison.Ordinal);
    }

    private static PerplexityRecord Record(string created, params PerplexityRow[] rows) => ExampleRecords.Perplexity(rows) with { Created = created, Id = "ppl-" + created };

    private static PerplexityRow Row(string method, double ratio, double[] nll) => ExampleRecords.Row(method, ratio, nll, dense: method == "dense" ? nll : Dense);
}
