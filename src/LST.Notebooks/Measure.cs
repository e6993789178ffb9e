using LST.Core.Compression;
using LST.Evaluation;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Reports;
using LST.Notebooks.Display;

namespace LST.Notebooks;

/// <summary>Small measurements inside a notebook. They leave no record: what is reported comes from <c>./lst eval</c>.</summary>
public static class Measure
{
    /// <summary>Protocol E1 on the first chunks of a text, dense in front.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">A text's name or path.</param>
    /// <param name="chunks">How many.</param>
    /// <param name="ratio">r.</param>
    /// <param name="methods">Methods with their options, as on the command line.</param>
    /// <param name="sidecar">A trained sidecar that <c>lst</c> takes in place of the shipped one.</param>
    public static PerplexityTable Perplexity(LoadedModel model, string text, int chunks, int ratio, IReadOnlyList<string> methods, string? sidecar = null)
    {
        var settings = new PerplexitySettings { Chunks = chunks, Ratios = [Ratio.Of(ratio)], Methods = [.. methods.Select(method => MethodSpec.Parse(method, sidecar: sidecar))] };
        var record = new PerplexityRun(model, settings).Run(Open.Text(text), $"notebook, {text}", new Progress(), Workbench.Cancel);
        return PerplexityTable.Join([record with { Id = Figures.Figure.ComputedLive }])[0];
    }
}
