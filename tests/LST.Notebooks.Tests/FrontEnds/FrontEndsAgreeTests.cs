using System.Text.Json.Nodes;
using LST.Notebooks.Runner;
using LST.Notebooks.Tests.Runner;

namespace LST.Notebooks.Tests.FrontEnds;

/// <summary>The kernel in process and the installed one under Jupyter show the same.</summary>
public class FrontEndsAgreeTests
{
    private static readonly string[] Cells =
    [
        Invented.Bootstrap,
        "Console.WriteLine(\"text <b>\");\n\"a string\"",
        "using Microsoft.Data.Analysis;\nnew DataFrame(new StringDataFrameColumn(\"token\", new[] { \"<script>\", \"b\\n\" }), new DoubleDataFrameColumn(\"ppl\", new[] { 12.5, 1.0 / 3 }))",
        "using TorchSharp;\ntorch.arange(10, torch.float32).reshape(2, 5)",
        "var progress = new LST.Notebooks.Display.Progress();\nprogress.Begin(\"work\", 50, unit: \"steps\");\nfor (var i = 0; i < 50; i++) { progress.Advance(); System.Threading.Thread.Sleep(5); }",
        "new { answer = 42 }",
        "display(new[] { 1.0, 2.0 });\nLST.Notebooks.Workbench.Root == LST.Evaluation.ProjectFolders.Root",
        "#!javascript\ndocument.title = \"seen\";",
        "#!mermaid\ngraph LR\n  a --> b",
    ];

    [Fact]
    public async Task The_runner_and_Jupyter_write_the_same_outputs()
    {
        // Outside of the checkout: the installed kernel finds its tool from anywhere.
        using var jupyter = JupyterFolder.OfNbconvert();
        var notebook = Invented.Named("agree", Cells);
        notebook.Write(jupyter.At("agree.ipynb"));

        var jupyters = await jupyter.Execute(jupyter.At("agree.ipynb"));
        var run = await Invented.Succeed(notebook);

        foreach (var (ours, theirs) in run.Executed.Cells.Zip(jupyters.Cells)) Assert.Equal(Shown(ours), Shown(theirs));
        Assert.Contains("True", run.Outputs("c7")[1]!.Text());
    }

    // What a reader sees, one line an output: kind and every MIME type with its text.
    private static string Shown(NotebookCell cell) => cell.IsCode ? string.Join("\n\n", cell.Json["outputs"]!.AsArray().Where(output => !IsNoise(output!)).Select(output =>
        output!["output_type"]!.GetValue<string>() == "stream" ? $"{output["name"]}: {output.Text()}"
            : string.Join('\n', output["data"]!.AsObject().OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}: {NotebookJson.Text(entry.Value)}")))) : "";

    private static bool IsNoise(JsonNode output) => output["data"]?["text/html"] is { } html && FrontEndScript.IsHtml(NotebookJson.Text(html)!);
}
