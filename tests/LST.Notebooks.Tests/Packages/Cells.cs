namespace LST.Notebooks.Tests.Packages;

/// <summary>The cells that both kernels, Jupyter's and the one in process, must run alike.</summary>
internal static class Cells
{
    public static string Bootstrap { get; } = $"""
        #r "{Path.Combine(AppContext.BaseDirectory, "LST.Notebooks.dll")}"
        LST.Notebooks.Workbench.Load();
        """;

    public const string TensorSum = """
        using TorchSharp;
        Console.WriteLine("sum " + torch.ones(2, 3).sum().ToSingle());
        Console.WriteLine("one LST.Core " + (typeof(LST.Notebooks.NativeLibraryException).BaseType == typeof(LST.Core.LstException)));
        """;

    public const string FigureAndTable = """
        var chart = Plotly.NET.CSharp.Chart.Line<int, double, string>(new[] { 1, 2, 3 }, new[] { 1.0, 4.0, 9.0 });
        Console.WriteLine("figure " + Plotly.NET.GenericChart.toFigureJson(chart).Contains("\"scatter\""));
        var table = new Microsoft.Data.Analysis.DataFrame(new Microsoft.Data.Analysis.DoubleDataFrameColumn("ppl", new[] { 12.0, 11.0 }));
        Console.WriteLine("rows " + table.Rows.Count);
        """;

    public static readonly string[] All = [Bootstrap, TensorSum, FigureAndTable];

    public static readonly string[] ExpectedLines = ["sum 6", "one LST.Core True", "figure True", "rows 2"];
}
