using LST.Evaluation.Random;

namespace LST.Evaluation.Statistics;

/// <summary>Bootstrap of an unweighted average over tasks: items are drawn inside each task, the task means of a replicate are averaged.</summary>
public static class StratifiedBootstrap
{
    /// <summary>The average of task means. For two methods on the same items give their differences.</summary>
    /// <param name="tasks">One value an item, [task][item], no task empty.</param>
    /// <param name="seed">Seed of the one generator that serves the tasks in order, all replicates of a task before the next.</param>
    /// <param name="replicates">Number of replicates.</param>
    public static Estimate AverageOfMeans(IReadOnlyList<double[]> tasks, long seed = 0, int replicates = PairedBootstrap.DefaultReplicates)
    {
        if (tasks.Count == 0 || tasks.Any(t => t.Length == 0)) throw new ArgumentException("every task needs at least one item", nameof(tasks));
        var random = new PyRandom(seed);
        var averages = new double[replicates];
        foreach (var task in tasks)
        {
            var sums = PairedBootstrap.DrawSums(random, replicates, [task])[0];
            for (var b = 0; b < replicates; b++) averages[b] += sums[b] / task.Length / tasks.Count;
        }
        return PairedBootstrap.Interval(tasks.Average(t => t.Average()), averages, tasks.Sum(t => t.Length));
    }
}
