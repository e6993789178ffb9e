using LST.Evaluation.Random;

namespace LST.Evaluation.Statistics;

/// <summary>Bootstrap of an unweighted average over tasks: items are drawn inside each task, the task means of a replicate are averaged.</summary>
public static class StratifiedBootstrap
{
    /// <summary>The average of task means. For two methods on the same items give their differences.</summary>
    /// <param name="tasks">One value an item, [task][item], no task empty.</param>
    /// <param name="seed">Seed of the one generator that serves the tasks in order, all replicates of a task before the next.</param>
    /// <param name="replicates">Number of replicates.</param>
    public static Estimate AverageOfMeans(IReadOnlyList<double[]> tasks, long seed = 0, int replicates = PairedBootstrap.DefaultReplicates) => AveragesOfMeans([tasks], seed, replicates)[0];

    /// <summary>The same for several rows of a table at once, each exactly what it would be alone: the draws, which are what takes time, serve them all.</summary>
    /// <param name="rows">[row][task][item]; all rows have as many items in each task.</param>
    /// <param name="seed">As above.</param>
    /// <param name="replicates">As above.</param>
    public static IReadOnlyList<Estimate> AveragesOfMeans(IReadOnlyList<IReadOnlyList<double[]>> rows, long seed = 0, int replicates = PairedBootstrap.DefaultReplicates)
    {
        if (rows.Count == 0) return [];
        var shape = rows[0];
        if (shape.Count == 0 || shape.Any(task => task.Length == 0)) throw new ArgumentException("every task needs at least one item", nameof(rows));
        if (rows.Any(row => !row.Select(task => task.Length).SequenceEqual(shape.Select(task => task.Length)))) throw new ArgumentException("all rows must have as many items in each task", nameof(rows));
        var random = new PyRandom(seed);
        var averages = rows.Select(_ => new double[replicates]).ToArray();
        for (var t = 0; t < shape.Count; t++)
        {
            var sums = PairedBootstrap.DrawSums(random, replicates, [.. rows.Select(row => row[t])]);
            for (var r = 0; r < rows.Count; r++)
                for (var b = 0; b < replicates; b++) averages[r][b] += sums[r][b] / shape[t].Length / shape.Count;
        }
        return [.. rows.Select((row, r) => PairedBootstrap.Interval(row.Average(task => task.Average()), averages[r], row.Sum(task => task.Length)))];
    }
}
