using LST.Evaluation.Records;

namespace LST.Evaluation.Tests.Reports;

/// <summary>README.md: its tables are what the commands in it print. With LST_REWRITE_PAGES=1 they are printed again.</summary>
public sealed class ReadmeTests
{
    private static readonly RecordPage Page = new("../README.md");

    [Fact]
    public void Its_tables_are_what_its_commands_print()
    {
        Page.Check();

        Assert.Equal(3, Page.Text.Split('\n').Count(line => line.StartsWith("./lst records ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Its_records_were_made_by_committed_code()
    {
        Assert.All(RecordPage.Records(Page.Text), record => Assert.False(record.Versions.Dirty, $"{record.Id} was made from a changed checkout"));
        Assert.All(RecordPage.ItemRecords(Page.Text), record => Assert.False(record.Versions.Dirty, $"{record.Id} was made from a changed checkout"));
    }
}
