using LST.Core.Sidecar;
using LST.Core.Training;
using LST.Evaluation.Analysis;

namespace LST.Evaluation.Training;

/// <summary>Chunks of development text, opened once for a run: a sidecar in training is asked their own queries at every validation.</summary>
internal sealed class HeldOutQueries : IDisposable
{
    private readonly List<PromptAnalysis> prompts = [];
    private readonly IReadOnlyList<Core.Compression.Ratio> ratios;

    private HeldOutQueries(IReadOnlyList<Core.Compression.Ratio> ratios) => this.ratios = ratios;

    /// <summary>Opens the first chunks of each text; null where none are asked for.</summary>
    public static HeldOutQueries? Of(LoadedModel loaded, IReadOnlyList<DevelopmentText> texts, TrainingRequest request, CancellationToken cancel)
    {
        if (request.QueryPrompts == 0) return null;
        var opened = new HeldOutQueries(request.Ratios);
        try
        {
            foreach (var text in texts)
                foreach (var chunk in text.Chunks.Take(request.QueryPrompts))
                {
                    var length = chunk.Prefix + Math.Min(chunk.Suffix, PromptAnalysis.DefaultContinuation);
                    opened.prompts.Add(PromptAnalysis.Of(loaded, [.. chunk.Ids.Take(length).Select(id => (int)id)], chunk.Prefix, text.Name, cancel));
                }
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Median relative error of attention's output; the mean over ratios.</summary>
    public double Error(SidecarModule sidecar, CancellationToken cancel) => ratios.Average(ratio => HeldOutProbes.MedianError(prompts, sidecar, ratio, null, cancel));

    public void Dispose()
    {
        foreach (var prompt in prompts) prompt.Dispose();
    }
}
