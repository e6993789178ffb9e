using LST.Core;
using LST.Evaluation.Analysis;

namespace LST.Evaluation.Training;

/// <summary>Training runs as figures read them.</summary>
public static class TrainingStory
{
    /// <summary>
    /// The story of one run (view 9), from the steps in its record or, where an older record has none, from its <c>log.jsonl</c>. QPAA is multiplied by the weight that the record
    /// names. The held-out curve is the one that the run measured (<c>--dev-queries</c>); empty where it did not, until <see cref="HeldOutProbes.WithHeldOut"/> adds it.
    /// </summary>
    /// <param name="record">The run's record.</param>
    /// <param name="name">What was trained with: <c>LM + QPAA</c>.</param>
    /// <param name="logFile">Its <c>log.jsonl</c>; read before the record's own steps where given.</param>
    /// <param name="role">Whether it is the run that the others are compared with.</param>
    /// <exception cref="DataException">Neither record nor log holds steps.</exception>
    public static StoryRun Of(TrainingRecord record, string name, string? logFile = null, StoryRole role = StoryRole.Shown)
    {
        var points = logFile is null ? record.StepPoints : StepPoint.ReadLog(logFile);
        if (points is not { Count: > 0 }) throw new DataException($"training record '{record.Id}' must hold losses of steps, but it has none; give the run's log.jsonl, or train again with this build");
        var measured = record.Development.Where(point => point.QueryError is not null).Select(point => (point.Step, point.QueryError!.Value));
        var story = Of(points, record.Options["losses"]?["qpaa"]?.GetValue<double>() ?? 1, [.. measured], name, record.Id, role);
        return story with
        {
            // Trained by divergence, cross-entropy is watched alone, and is mostly the text's.
            LanguageLoss = record.Options["losses"]?["lm"]?.GetValue<double>() == 0 ? [.. points.Select(_ => double.NaN)] : story.LanguageLoss,
            DevelopmentSteps = [.. record.Development.Select(point => point.Step)],
            PplOverDense = [.. record.Development.Select(point => Math.Exp(point.PplOverDense.Values.Average(Math.Log)))],
            BudgetsFrom = BudgetsFrom(record.Development),
        };
    }

    /// <summary>The story so far of a run that goes on, from its <c>log.jsonl</c>; null: there are not two steps yet.</summary>
    /// <param name="logFile">The log, which another thread or process may be writing.</param>
    /// <param name="name">What is trained with.</param>
    /// <param name="qpaaWeight">Weight of QPAA.</param>
    /// <param name="source">What stands where a record's id stands later.</param>
    /// <exception cref="DataException">The file is no log.</exception>
    public static StoryRun? SoFar(string logFile, string name, double qpaaWeight, string source)
    {
        if (!File.Exists(logFile)) return null;
        var points = StepPoint.ReadLog(logFile);
        return points.Count < 2 ? null : Of(points, qpaaWeight, [], name, source, StoryRole.Shown);
    }

    // Budgets are measured once, behind the last step: what was no candidate before is one from there on.
    private static int? BudgetsFrom(IReadOnlyList<DevelopmentPoint> development)
    {
        var before = development.TakeWhile(point => !point.IsCandidate).Count();
        return before == 0 || before == development.Count ? null : before;
    }

    private static StoryRun Of(IReadOnlyList<StepPoint> points, double qpaaWeight, IReadOnlyList<(int Step, double Error)> measured, string name, string source, StoryRole role)
    {
        // What was not trained is 0 all along.
        IReadOnlyList<double> Series(Func<StepPoint, double> loss, double factor = 1) => points.All(point => loss(point) == 0) ? [.. points.Select(_ => double.NaN)] : [.. points.Select(point => factor * loss(point))];
        return new StoryRun(
            name, source, role == StoryRole.Reference, [.. points.Select(point => point.Step)], Series(point => point.Lm), Series(point => point.Qpaa, qpaaWeight), Series(point => point.Diversity),
            [.. measured.Select(point => point.Step)], [.. measured.Select(point => point.Error)])
        {
            Divergence = Series(point => point.Kl), Importance = Series(point => point.Importance),
        };
    }
}

/// <summary>Part of a run in a story.</summary>
public enum StoryRole
{
    /// <summary>One of those that are told.</summary>
    Shown,

    /// <summary>What they are compared with; drawn as a thin line.</summary>
    Reference,
}
