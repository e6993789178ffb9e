using LST.Notebooks.Tests.Packages;

namespace LST.Notebooks.Tests.Runner;

public class SqlCellsTests
{
    [Fact]
    public async Task A_cell_in_SQL_asks_the_records_and_a_cell_in_CSharp_goes_on_with_what_it_found()
    {
        var notebook = Invented.Of(Cells.Bootstrap, "#!sql\nSELECT method, count(*) AS n FROM ppl WHERE ratio = 2 GROUP BY method ORDER BY method;",
            "var found = LST.Notebooks.Runner.SqlCells.Last;\nConsole.WriteLine(string.Join(' ', found[\"method\"]));");

        var run = await Invented.Succeed(notebook);

        var outputs = run.Executed.Cells.Where(cell => cell.IsCode).Select(cell => cell.Json["outputs"]!.AsArray()).ToList();
        Assert.Contains("<table>", outputs[1][0]!["data"]!["text/html"]!.ToJsonString().Replace("\\u003C", "<").Replace("\\u003E", ">"));
        Assert.Contains("kvzip", outputs[2][0]!["text"]!.ToJsonString());
    }

    [Fact]
    public async Task A_statement_that_writes_is_the_cells_error()
    {
        var notebook = Invented.Of(Cells.Bootstrap, "#!sql\nDROP TABLE ppl");

        var run = await Invented.Run(notebook);

        Assert.Contains("c2", run.Problem);
    }
}
