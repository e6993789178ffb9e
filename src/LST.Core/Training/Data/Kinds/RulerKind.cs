namespace LST.Core.Training.Data.Kinds;

/// <summary>A task of any size: the context and the question of a size, a function of it alone.</summary>
/// <param name="Least">Smallest size that makes sense.</param>
/// <param name="Most">Largest size.</param>
/// <param name="Build">Context and question of a size.</param>
internal sealed record RulerDraft(int Least, int Most, Func<int, (string Context, QuestionPart Question)> Build);

/// <summary>
/// Tasks in the shapes of RULER (Hsieh et al. 2024) with wording and draws of our own; the context is as large as the prefix allows, and the end of a
/// training text
/// before it makes the length exact. Question and answer follow as one suffix.
/// </summary>
internal sealed class RulerKind(MixtureSettings settings, SentenceSource sentences, QuestionLayout layout, PrefixFitter fitter) : ISequenceKind
{
    /// <inheritdoc/>
    public TrainingSequence Make(SplittableRandom random, int prefix) =>
        Room.First(SequenceKinds.Ruler, prefix, settings.Suffix, random, attempt => Draft(attempt, prefix));

    private TrainingSequence? Draft(SplittableRandom random, int prefix)
    {
        var task = random.Choose(settings.RulerTasks);
        var (drawn, source) = sentences.Draw(random, 2 * prefix + 256);
        var draft = task switch
        {
            RulerTask.Tracking => TrackingTask.Draw(random, prefix),
            RulerTask.Common => WordTasks.Common(random, prefix),
            RulerTask.Frequent => WordTasks.Frequent(random, prefix),
            _ => NeedleTask.Draw(task, random, drawn, prefix),
        };
        var size = fitter.Largest(n => draft.Build(n).Context, draft.Least, draft.Most, prefix);
        if (size < 0) return null;
        var (context, question) = draft.Build(size);
        // The sentences of a needle task are its first ones, so the filler comes from the other end.
        context = fitter.Fill(string.Join(' ', drawn.TakeLast(drawn.Count / 2)), "\n\n", context, prefix);
        var sequence = layout.Build(context, [question], settings.QuestionWeight, SequenceKinds.Ruler, source, task.ToString().ToLowerInvariant());
        return sequence.Suffix <= settings.Suffix ? sequence : null;
    }
}
