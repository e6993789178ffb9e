using LST.Evaluation.Reports;
using Spectre.Console;

namespace LST.Cli.Terminal;

/// <summary>Cells of text as a table on standard output. In a terminal it fits; elsewhere nothing is cut or broken.</summary>
internal static class DataTable
{
    /// <summary>Writes a table.</summary>
    /// <param name="columns">Heads of the columns.</param>
    /// <param name="rows">Rows, a cell a column; cells may hold anything.</param>
    /// <param name="rightAligned">Whether the cells of a column stand at its right edge.</param>
    /// <param name="unbroken">Whether the cells of a column stay on one line in a narrow terminal too; null: none.</param>
    public static void Write(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows, Func<int, bool> rightAligned, Func<int, bool>? unbroken = null)
    {
        List<string[]> cells = [.. rows.Select(row => row.Select(QueryText.Visible).ToArray())];
        var table = new Table().Border(TableBorder.Simple);
        for (var c = 0; c < columns.Count; c++)
        {
            var column = new TableColumn(new Text(QueryText.Visible(columns[c]))) { Padding = new Padding(0, 0, c == columns.Count - 1 ? 0 : 2, 0) };
            if (rightAligned(c)) column.RightAligned().NoWrap();
            if (unbroken?.Invoke(c) == true) column.NoWrap();
            table.AddColumn(column);
        }
        foreach (var row in cells) table.AddRow(row.Select(cell => new Text(cell)));
        var width = columns.Select((name, c) => 4 + cells.Select(row => row[c].Length).Append(name.Length).Max() * 2).Sum();
        Screen.Output(columns: width + 4).Write(table);
    }
}
