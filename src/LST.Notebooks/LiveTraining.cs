using System.Diagnostics;
using LST.Core;
using LST.Core.Training;
using LST.Evaluation;
using LST.Evaluation.Training;
using LST.Notebooks.Display;
using LST.Notebooks.Figures;

namespace LST.Notebooks;

/// <summary>A sidecar that was trained in a notebook.</summary>
/// <param name="File">Where its best step lies.</param>
/// <param name="Record">The run; not among the project's records.</param>
public sealed record TrainedSidecar(string File, TrainingRecord Record)
{
    /// <summary>What was learned, how long, and how good it is on development text.</summary>
    public override string ToString()
    {
        var best = Record.Development.First(point => point.Step == Record.BestStep);
        return FormattableString.Invariant($"{Record.Parameters:N0} parameters, best step {best.Step} of {Record.Steps}: perplexity over dense {string.Join(", ", best.PplOverDense.Select(text => FormattableString.Invariant($"{text.Key} {text.Value:0.0000}")))}");
    }
}

/// <summary>Training in a cell: the figure of its losses moves while it runs. What <c>./lst train</c> does, with the same request.</summary>
public static class LiveTraining
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>Trains from the start.</summary>
    /// <param name="model">The model, which stays as it is.</param>
    /// <param name="request">What <c>./lst train</c> takes as flags.</param>
    /// <param name="name">Of the folder below <c>out/notebooks</c>, whose former content is deleted, and of the curve.</param>
    /// <exception cref="DataException">Another training of this name is at work, in this kernel or another one; its folder stays as it is.</exception>
    /// <exception cref="OperationCanceledException">The cell was stopped.</exception>
    /// <exception cref="UsageException">The request means nothing, or a text is no training text.</exception>
    public static TrainedSidecar Run(LoadedModel model, TrainingRequest request, string name)
    {
        if (name.Length == 0 || name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter != '-')) throw new UsageException($"the name of a training must be letters, digits and hyphens, found '{name}'");
        TrainingSetup.CheckTexts(request.Checked());
        Inputs.TrainingTexts([.. request.Texts, .. request.DevelopmentTexts]);
        var folder = Path.Combine(ProjectFolders.Work ?? "out", "notebooks", name);
        RunLock.Empty(folder);
        var (log, display, sinceLast) = (Path.Combine(folder, "log.jsonl"), new UpdatingDisplay(), Stopwatch.StartNew());
        var (result, record) = new TrainingRun(model, request, folder).Run($"notebook {name}", new WatchedProgress(new Progress(), Look), Workbench.Cancel);
        display.Show(Draw.TrainingStory(TrainingStory.Of(record with { Id = Figure.ComputedLive }, name)));
        return new TrainedSidecar(result.BestFile, record);

        // The curve so far; a file's copy shows the last one alone.
        void Look()
        {
            if (Workbench.IsHeadless || sinceLast.Elapsed < Pause) return;
            sinceLast.Restart();
            if (TrainingStory.SoFar(log, name, request.Losses?.Alignment ?? 0, Figure.ComputedLive) is { } story) display.Show(Draw.TrainingStory(story));
        }
    }
}
