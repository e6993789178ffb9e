using LST.Evaluation.Analysis;
using LST.Notebooks.Figures;
using LST.Notebooks.Runner;
using LST.Notebooks.Tests.Figures;

namespace LST.Notebooks.Tests.FrontEnds;

/// <summary>A person opens a notebook in Jupyter on a machine without a network, runs it, moves a figure's slider and saves.</summary>
public class LiveFigureTests
{
    private static readonly (string Kind, string Id, string Source)[] Cells =
    [
        ("markdown", "title", "# Live"),
        ("code", "bootstrap", NotebookDialect.Bootstrap),
        ("code", "usings", "using LST.Evaluation.Analysis;\nusing LST.Notebooks;\nusing LST.Notebooks.Figures;"),
        ("code", "prompt", "var prompt = PromptAnalysis.Of(Open.Model(\"lst-ref\"), Open.Text(\"api-dev\"), prefix: 128, continuation: 16);"),
        ("code", "compress", "var compressed = prompt.Compress(\"mean:key-space=pre-rope:log-mass=true\", 4);"),
        ("code", "fig-attention", "Draw.AttentionHeatMap(compressed.Map(layer: 4, head: 1, queries: 128..144))"),
        ("code", "fig-ledger", "Draw.MassLedger(compressed.MassLedger(layer: 4, head: 1, queries: 128..144))"),
        ("code", "script", "#!javascript\ndocument.body.dataset.lst = document.querySelectorAll('.lst-figure').length;"),
    ];

    private const string Plots = "[...document.querySelectorAll('.lst-figure .js-plotly-plot')]", Ledger = Plots + "[1]";
    private const string AreDrawn = Plots + ".filter(plot => plot.data.length > 0 && plot.querySelector('.main-svg')).length === 2";

    // What the slider chose, and whether both the sentence on the page and the first row of bars are those of that step.
    private const string ShowsItsStep = $$"""
        (plot => { const slider = plot.layout.sliders[0], [traces, words] = slider.steps[slider.active].args;
          return JSON.stringify(plot.data[0].y) === JSON.stringify(traces.y[0]) && plot.layout.annotations[0].text === words['annotations[0].text']; })({{Ledger}})
        """;

    private const string Bars = $"[...{Ledger}.querySelectorAll('.trace.bars path')].map(bar => bar.getAttribute('d')).join()";
    private const string Sentence = Ledger + ".querySelector('.annotation-text').textContent";
    private const string Step = Ledger + ".layout.sliders[0].active";

    // The kernel's own script, which asks the kernel's own web server; and a script of widgets that Debian's settings name where it is not installed.
    private static readonly string[] OfOthers = ["/discovery", "resources/dotnet-interactive", "/nbextensions/widgets/"];

    [Fact]
    public async Task A_figure_in_Jupyter_is_drawn_without_a_network_and_its_slider_moves_the_data()
    {
        PngRendererTests.Chromium();
        using var jupyter = JupyterFolder.OfNotebook();
        await using var server = await jupyter.Serve(Checkout(jupyter.At("checkout")));
        await using var notebook = await NotebookPage.Open(server.PageOf("notebooks/live.ipynb"));
        var page = notebook.Page;

        await notebook.RunAll();
        Assert.Equal("", await page.EvaluateExpressionAsync<string>("[...document.querySelectorAll('.output_error')].map(output => output.textContent).join()"));
        await notebook.Until(AreDrawn + " && document.body.dataset.lst === '2'");
        var step = await page.EvaluateExpressionAsync<int>($"window.barsBefore = {Bars}, window.sentenceBefore = {Sentence}, {Step}");
        await notebook.Drag(".slider-grip-rect", ".slider-rail-touch-rect", step < 8 ? 0.9 : 0.1);
        await notebook.Until($"{Step} !== {step} && {ShowsItsStep} && {Bars} !== barsBefore && {Sentence} !== sentenceBefore");

        await page.EvaluateExpressionAsync(Ledger + ".scrollIntoView(true)");
        var picture = await page.ScreenshotDataAsync();
        File.WriteAllBytes(Path.Combine(AppContext.BaseDirectory, "jupyter-live.png"), picture);
        Assert.InRange(ShareOf(Palette.Fate(SlotKind.Merged).Colour, picture), 0.01, 0.5);

        await page.ClickAsync("#save-notbook button");
        await notebook.Until("!Jupyter.notebook.dirty");
        await page.ReloadAsync();
        await notebook.Until(AreDrawn);
        Assert.Empty(notebook.Abroad);
        Assert.Equal("", string.Join('\n', notebook.Errors.Where(error => !OfOthers.Any(error.Contains))));
    }

    private static double ShareOf(string colour, byte[] png)
    {
        var (wanted, pixels) = (Convert.ToInt32(colour[1..], 16), PngFile.Read(png).Pixels);
        return (double)pixels.Count(pixel => pixel == wanted) / pixels.Length;
    }

    // Links to what a notebook needs of a checkout, with a notebook of our own in its place: one folder below the root, as the first cell asks.
    private static string Checkout(string root)
    {
        Directory.CreateDirectory(Path.Combine(root, "notebooks"));
        foreach (var folder in new[] { "src", "data" }) Directory.CreateSymbolicLink(Path.Combine(root, folder), Path.Combine(Shared.RepositoryRoot, folder));
        File.CreateSymbolicLink(Path.Combine(root, "LST.Workbench.sln"), Path.Combine(Shared.RepositoryRoot, "LST.Workbench.sln"));
        NotebookFile.Create("live", Cells).Write(Path.Combine(root, "notebooks", "live.ipynb"));
        return root;
    }
}
