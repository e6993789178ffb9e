namespace LST.Core.Tests.Baselines;

/// <summary>Votes of the last queries for earlier keys, smoothed and reduced, written out in double.</summary>
internal static class NaiveVotes
{
    /// <summary>[heads][T − observe].</summary>
    public static double[][] Scores(RandomLayer layer, int observe, int kernel, string pooling, string group, bool poolFirst)
    {
        var (tokens, heads) = (layer.Tokens, layer.Config.KeyValueHeads);
        var votes = NaiveScores.Attention(layer.Queries, layer.Keys).Select(rows =>
            (double[])[.. Enumerable.Range(0, tokens - observe).Select(j => rows[^observe..].Sum(row => row[j]))]).ToArray();
        return poolFirst
            ? NaiveScores.Reduce([.. votes.Select(row => Pool(row, kernel, pooling))], heads, group)
            : [.. NaiveScores.Reduce(votes, heads, group).Select(row => Pool(row, kernel, pooling))];
    }

    private static double[] Pool(double[] votes, int kernel, string pooling)
    {
        if (pooling == "none") return votes;
        return [.. votes.Select((_, j) =>
        {
            var near = Enumerable.Range(j - (kernel / 2), kernel).Where(i => i >= 0 && i < votes.Length).Select(i => votes[i]);
            return pooling == "max" ? near.Max() : near.Sum() / kernel;
        })];
    }
}
