using System.Globalization;
using Microsoft.Data.Analysis;

namespace LST.Notebooks.Display;

/// <summary>Data frames as tables: numbers at the right, the first rows and columns of a large one.</summary>
internal static class DataFrameDisplay
{
    private const int MostRows = 50;
    private const int MostColumns = 30;

    public static void Register()
    {
        Displays.Show<DataFrame>(Of);
        Displays.Show<DataFrameColumn>(column => Of(new DataFrame(column)));
    }

    private static Table Of(DataFrame frame)
    {
        var columns = frame.Columns.Take(MostColumns).ToList();
        var rows = new List<IReadOnlyList<string>>();
        for (var row = 0L; row < Math.Min(MostRows, frame.Rows.Count); row++) rows.Add([.. columns.Select(column => Cell(column[row]))]);
        string[] notes =
        [
            .. frame.Rows.Count > MostRows ? [$"{MostRows} of {Visible.Number(frame.Rows.Count)} rows are shown"] : Array.Empty<string>(),
            .. frame.Columns.Count > MostColumns ? [$"{MostColumns} of {frame.Columns.Count} columns are shown"] : Array.Empty<string>(),
        ];
        return new Table("", [.. columns.Select(column => (column.Name, IsOfNumbers(column) ? Side.Right : Side.Left))], rows, string.Join("; ", notes));
    }

    private static bool IsOfNumbers(DataFrameColumn column) => column.IsNumericColumn();

    private static string Cell(object? value) => value switch
    {
        null => "",
        double number => Visible.Number(number),
        float number => Visible.Number(number),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
