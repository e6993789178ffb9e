using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Analysis;

/// <summary>How well a sidecar answers queries that it was not trained on: the median relative error of attention's output on real continuation queries of held-out prompts.</summary>
public static class HeldOutProbes
{
    /// <summary>The median over all prompts, layers, query heads and queries.</summary>
    /// <param name="prompts">Held-out prompts, opened once for all sidecars.</param>
    /// <param name="sidecarFile">A file that training wrote.</param>
    /// <param name="ratio">r.</param>
    /// <param name="queries">Queries of each layer and head of each prompt; null: all of its continuation.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static double MedianError(IReadOnlyList<PromptAnalysis> prompts, string sidecarFile, Ratio ratio, int? queries = null, CancellationToken cancel = default)
    {
        using var sidecar = SidecarFile.Read(sidecarFile);
        return MedianError(prompts, sidecar, ratio, queries, cancel);
    }

    /// <summary>The same of a sidecar in memory, which stays the caller's.</summary>
    /// <param name="prompts">Held-out prompts.</param>
    /// <param name="sidecar">The network.</param>
    /// <param name="ratio">r.</param>
    /// <param name="queries">Queries of each layer and head of each prompt; null: all of its continuation.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static double MedianError(IReadOnlyList<PromptAnalysis> prompts, SidecarModule sidecar, Ratio ratio, int? queries = null, CancellationToken cancel = default)
    {
        if (prompts.Count == 0) throw new Core.UsageException("held-out errors need at least one prompt, none was given; open one with PromptAnalysis.Of");
        using var compressor = SuperTokenCompressor.Around(sidecar);
        List<double> errors = [];
        foreach (var prompt in prompts)
        {
            var made = prompt.Run([("sidecar", compressor, ratio)], cancel);
            try
            {
                errors.AddRange(ErrorAnalysis.Errors(prompt, made, QuerySources.Continuation, queries ?? prompt.Continuation, 0, cancel)[0].SelectMany(heads => heads.SelectMany(cell => cell.Select(error => (double)error))));
            }
            finally
            {
                made[0].Dispose();
            }
        }
        errors.Sort();
        return Percentile.Of(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(errors), 0.5);
    }

    /// <summary>The same for the sidecars of several steps, as the held-out curve of a training story.</summary>
    /// <param name="story">The story, whose curve is replaced.</param>
    /// <param name="prompts">Held-out prompts.</param>
    /// <param name="sidecars">Step and file.</param>
    /// <param name="ratio">r.</param>
    /// <param name="queries">Queries of each layer and head of each prompt; null: all.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static StoryRun WithHeldOut(this StoryRun story, IReadOnlyList<PromptAnalysis> prompts, IReadOnlyList<(int Step, string File)> sidecars, Ratio ratio, int? queries = null, CancellationToken cancel = default)
    {
        var ordered = sidecars.OrderBy(sidecar => sidecar.Step).ToList();
        return story with { ProbeSteps = [.. ordered.Select(sidecar => sidecar.Step)], ProbeError = [.. ordered.Select(sidecar => MedianError(prompts, sidecar.File, ratio, queries, cancel))] };
    }
}
