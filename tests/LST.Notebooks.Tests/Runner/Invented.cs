using System.Text.Json.Nodes;
using LST.Notebooks.Runner;

namespace LST.Notebooks.Tests.Runner;

/// <summary>Small invented notebooks and what came out of them.</summary>
internal static class Invented
{
    public static string Bootstrap { get; } = $"#r \"{Path.Combine(AppContext.BaseDirectory, "LST.Notebooks.dll")}\"\nLST.Notebooks.Workbench.Load();";

    /// <summary>Code cells c1, c2, … behind a title.</summary>
    public static NotebookFile Of(params string[] cells) => Named("invented", cells);

    public static NotebookFile Named(string name, params string[] cells) =>
        NotebookFile.Create(name, [("markdown", "title", "# Invented"), .. cells.Select((source, index) => ("code", $"c{index + 1}", source))]);

    public static Task<NotebookRun> Run(NotebookFile notebook, RunLimits? limits = null, CancellationToken? interrupt = null) =>
        new NotebookRunner(limits ?? new RunLimits()).Run(notebook, Path.GetTempPath(), interrupt: interrupt ?? TestContext.Current.CancellationToken);

    public static async Task<NotebookRun> Succeed(NotebookFile notebook, RunLimits? limits = null)
    {
        var run = await Run(notebook, limits);
        Assert.True(run.Problem is null, run.Problem + "\n" + run.Executed.Format());
        return run;
    }

    public static JsonArray Outputs(this NotebookRun run, string id) => run.Executed.Cells.Single(cell => cell.Id == id).Json["outputs"]!.AsArray();

    /// <summary>Text of a stream, or of a display's text/plain or another type.</summary>
    public static string Text(this JsonNode output, string mimeType = "text/plain") =>
        NotebookJson.Text(output["output_type"]!.GetValue<string>() == "stream" ? output["text"] : output["data"]![mimeType])!;
}
