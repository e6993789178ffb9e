using LST.Evaluation.Random;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>Scores of a task over its items, as lm-evaluation-harness reports them.</summary>
/// <param name="Task">The task.</param>
/// <param name="Items">Number of items.</param>
/// <param name="Acc">Share of right answers by log-likelihood.</param>
/// <param name="AccNorm">Share of right answers by log-likelihood a code point; null where the task does not report it.</param>
/// <param name="Perplexity">exp(−mean log-likelihood an item) of LAMBADA with its bootstrap error; null elsewhere.</param>
public sealed record TaskScores(ZeroShotTask Task, int Items, MeanWithError Acc, MeanWithError? AccNorm, MeanWithError? Perplexity)
{
    // The harness draws in parts of so many replicates, each with a generator of its own.
    private const int PartReplicates = 1000;

    /// <summary>The number that most papers print (<see cref="ZeroShotTask.Headline"/>).</summary>
    public MeanWithError Headline => Task.Headline == "acc_norm" && AccNorm is { } normalized ? normalized : Acc;

    /// <summary>Scores of at least one item.</summary>
    /// <param name="task">The task.</param>
    /// <param name="items">Scores of the items.</param>
    /// <param name="logLikelihoods">Log-likelihood of each item's one continuation; only of LAMBADA.</param>
    /// <param name="replicates">Bootstrap replicates of the perplexity.</param>
    public static TaskScores Of(ZeroShotTask task, IReadOnlyList<ChoiceScores> items, IReadOnlyList<double>? logLikelihoods = null, int replicates = PartReplicates) => new(
        task, items.Count, StandardErrors.Mean([.. items.Select(item => item.Acc)]),
        task.HasNormalized ? StandardErrors.Mean([.. items.Select(item => item.AccNorm)]) : null,
        task.IsWordPrediction && logLikelihoods is not null ? PerplexityOf(logLikelihoods, replicates) : null);

    /// <summary>
    /// exp(−mean) of log-likelihoods; its error is the deviation of replicates drawn by <c>choices</c>, <see cref="PyRandom"/>(j) for the j-th thousand; one item, or fewer than two replicates, have no error.
    /// </summary>
    public static MeanWithError PerplexityOf(IReadOnlyList<double> logLikelihoods, int replicates = PartReplicates)
    {
        if (logLikelihoods.Count == 0) throw new ArgumentException("a perplexity needs at least one log-likelihood", nameof(logLikelihoods));
        ArgumentOutOfRangeException.ThrowIfNegative(replicates);
        var value = Math.Exp(-logLikelihoods.Average());
        if (logLikelihoods.Count == 1 || replicates < 2) return new MeanWithError(value, null);
        var part = Math.Min(PartReplicates, replicates);
        var drawn = new List<double>(replicates);
        for (var j = 0; j < replicates / part; j++)
        {
            var random = new PyRandom(j);
            for (var b = 0; b < part; b++) drawn.Add(Math.Exp(-random.Choices(logLikelihoods, logLikelihoods.Count).Average()));
        }
        var mean = drawn.Average();
        return new MeanWithError(value, Math.Sqrt(drawn.Sum(x => (x - mean) * (x - mean)) / (drawn.Count - 1)));
    }
}
