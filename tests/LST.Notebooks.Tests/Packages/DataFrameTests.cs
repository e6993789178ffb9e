using Microsoft.Data.Analysis;

namespace LST.Notebooks.Tests.Packages;

public class DataFrameTests
{
    [Fact]
    public void A_table_of_results_groups_and_sorts()
    {
        var table = new DataFrame(
            new StringDataFrameColumn("method", ["mean", "h2o", "mean", "h2o"]),
            new DoubleDataFrameColumn("ppl", [12.0, 11.0, 13.0, 10.0]));

        var means = table.GroupBy("method").Mean("ppl").OrderBy("ppl");

        Assert.Equal(["h2o", "mean"], means["method"].Cast<string>());
        Assert.Equal([10.5, 12.5], means["ppl"].Cast<double>());
    }
}
