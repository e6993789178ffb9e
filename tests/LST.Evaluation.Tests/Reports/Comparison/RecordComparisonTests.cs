using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Reports.Comparison;
using LST.Evaluation.Statistics;
using LST.Evaluation.Tests.Records;

namespace LST.Evaluation.Tests.Reports.Comparison;

public sealed class RecordComparisonTests
{
    private static readonly RowSelection All = new("");
    private readonly PerplexityRecord record = ExampleRecords.Perplexity();

    [Fact]
    public void Rows_that_both_have_are_paired_over_their_chunks()
    {
        double[] better = [920, 1020, 1120];
        var other = record with { Rows = [record.Rows[0], ExampleRecords.Row("h2o", 2, better), ExampleRecords.Row("kvzip", 2, [902, 1001, 1102])] };

        var rows = RecordComparison.Of(record, All, other, All).Rows;

        Assert.Equal(["dense@1", "h2o@2"], rows.Select(row => RowComparison.Name(row.A)));
        Assert.Equal(new PairedBootstrap(3).PerplexityRatio([930, 1040, 1150], better, [512, 512, 512]), rows[1].Ratio);
        Assert.Equal(["the same", "B is better"], rows.Select(row => row.Verdict));
    }

    [Fact]
    public void Two_methods_of_one_run_are_paired_by_ratio_or_as_they_are_named()
    {
        var byRatio = Assert.Single(RecordComparison.Of(record, new("", "lst"), record, new("", "h2o")).Rows);
        var named = Assert.Single(RecordComparison.Of(record, new("", "lst", 2), record, new("", "dense", 1)).Rows);

        Assert.Equal(("lst@2", "h2o@2", "A is better"), (RowComparison.Name(byRatio.A), RowComparison.Name(byRatio.B), byRatio.Verdict));
        Assert.Equal(("lst@2", "dense@1"), (RowComparison.Name(named.A), RowComparison.Name(named.B)));
        Assert.Equal(record.Rows[2].PplOverDense, named.Ratio.Value, 1e-12);
    }

    [Fact]
    public void What_was_configured_differently_is_listed_and_outcomes_are_not()
    {
        var other = record with
        {
            Id = "another",
            Created = "2026-06-01T00:00:00Z",
            WallSeconds = 1,
            Dtype = "bfloat16",
            Options = new JsonObject { ["equal"] = "slots", ["ratios"] = new JsonArray(2, 4), ["new"] = true },
            Rows = [record.Rows[0], record.Rows[1], ExampleRecords.Row("lst", 2, [901, 1002, 1101], new JsonObject { ["file-sha256"] = "aa" })],
        };

        var differences = RecordComparison.Of(record, All, other, All).Differences;

        Assert.Equal(
            [
                new ConfigurationDifference("options.ratios", "[2]", "[2,4]"), new ConfigurationDifference("options.new", null, "true"),
                new ConfigurationDifference("dtype", "float32", "bfloat16"), new ConfigurationDifference("lst@2 file-sha256", null, "aa"),
            ], differences);
        Assert.Empty(RecordComparison.Of(record, All, record, All).Differences);
    }

    [Fact]
    public void Runs_on_other_tokens_or_under_another_model_cannot_be_paired()
    {
        var other = record with { Text = record.Text with { Name = "books", Sha256 = new string('d', 64) }, Prefix = 2048, Id = "other" };

        var problem = Assert.Throws<DataException>(() => RecordComparison.Of(record, All, other, All));

        Assert.Contains("cannot be paired, because they differ in text (api bbbbbbbb and books dddddddd), P (1024 and 2048)", problem.Message, StringComparison.Ordinal);
        Assert.Contains("model (", Assert.Throws<DataException>(() => RecordComparison.Of(record, All, record with { Model = record.Model with { WeightsSha256 = new string('e', 64) } }, All)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_row_or_no_pair_says_which_there_are()
    {
        Assert.Contains("has no row 'mean@4'; it has dense@1, h2o@2, lst@2", Assert.Throws<UsageException>(() => RecordComparison.Of(record, new("", "mean", 4), record, All)).Message, StringComparison.Ordinal);
        Assert.Contains("no rows are pairs: A has lst@2, B has dense@1", Assert.Throws<UsageException>(() => RecordComparison.Of(record, new("", "lst"), record, new("", null, 1))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id", "id", null, null)]
    [InlineData("id:lst", "id", "lst", null)]
    [InlineData("id:lst@3/2", "id", "lst", 1.5)]
    [InlineData("id:@4", "id", null, 4.0)]
    [InlineData("id:mean:log-mass=true@2", "id", "mean:log-mass=true", 2.0)]
    public void Selections_are_read(string text, string name, string? method, double? ratio) => Assert.Equal(new RowSelection(name, method, ratio), RowSelection.Parse(text));

    [Fact]
    public void A_file_may_have_a_colon_in_its_name()
    {
        using var temporary = new TemporaryFolder();
        var file = temporary.Write("a:b.json", "");

        Assert.Equal(new RowSelection(file, "lst", 2), RowSelection.Parse(file + ":lst@2"));
    }

    [Fact]
    public void A_ratio_that_is_none_is_refused() => Assert.ThrowsAny<LstException>(() => RowSelection.Parse("id:lst@x"));
}
