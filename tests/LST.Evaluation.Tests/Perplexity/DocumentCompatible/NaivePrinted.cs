namespace LST.Evaluation.Tests.Perplexity.DocumentCompatible;

/// <summary>The printed forms, step by step in double; protected are the first 4 and the last 8 tokens.</summary>
internal static class NaivePrinted
{
    /// <summary>Kept tokens, ascending, and the gap of norms between the last that is kept and the first that is dropped.</summary>
    public static (int[] Kept, double Gap) Kept(PlainLayer layer, int slots)
    {
        var tokens = layer.Context.Tokens;
        var ranked = Enumerable.Range(4, tokens - 12).OrderByDescending(layer.Norm).ThenBy(token => token).ToArray();
        var gap = slots - 12 == ranked.Length || slots == 12 ? 1 : layer.Norm(ranked[slots - 13]) - layer.Norm(ranked[slots - 12]);
        return ([.. Enumerable.Range(0, 4), .. ranked.Take(slots - 12).Order(), .. Enumerable.Range(tokens - 8, 8)], gap);
    }

    /// <summary>CaM: every dropped value goes in equal parts to the 16 tokens behind it, whichever they are.</summary>
    public static double[][] Spread(PlainLayer layer, int head, int[] kept)
    {
        var tokens = layer.Context.Tokens;
        double[][] values = [.. layer.Values[head].Select(row => row.ToArray())];
        foreach (var token in Enumerable.Range(0, tokens).Except(kept))
        {
            int[] targets = [.. Enumerable.Range(token + 1, Math.Min(16, tokens - 1 - token))];
            var gate = Math.Min(1, layer.Norm(token) / targets.Average(layer.Norm));
            foreach (var target in targets)
                for (var d = 0; d < values[target].Length; d++) values[target][d] += gate * layer.Values[head][token][d] / targets.Length;
        }
        return [.. kept.Select(token => values[token])];
    }

    /// <summary>WeightedKV: tokens are dropped from the left; each puts the mean of its own value and the neighbour's own into the neighbour, over what was there.</summary>
    public static double[][] Overwritten(PlainLayer layer, int head, int[] kept)
    {
        double[][] values = [.. layer.Values[head].Select(row => row.ToArray())];
        foreach (var token in Enumerable.Range(0, layer.Context.Tokens).Except(kept).Order())
        {
            var neighbour = kept.First(other => other > token);
            var (mine, its) = (layer.Norm(token), layer.Norm(neighbour));
            for (var d = 0; d < values[token].Length; d++)
                values[neighbour][d] = ((mine * layer.Values[head][token][d]) + (its * layer.Values[head][neighbour][d])) / (mine + its);
        }
        return [.. kept.Select(token => values[token])];
    }

    /// <summary>KVMerger: weights of tokens in each slot; null: a slot of zeros. And how near a cosine comes to the threshold.</summary>
    public static (List<(int[] Tokens, double[] Weights)?> Slots, double Gap) Merged(PlainLayer layer, int slots)
    {
        var tokens = layer.Context.Tokens;
        List<List<int>> runs = [];
        var gap = 1.0;
        for (var token = 4; token < tokens - 8; token++)
        {
            var cosine = token == 4 ? 0 : Dot(layer.Joined(token - 1), layer.Joined(token)) / (layer.Norm(token - 1) * layer.Norm(token));
            if (token > 4) gap = Math.Min(gap, Math.Abs(cosine - 0.8));
            if (cosine > 0.8) runs[^1].Add(token);
            else runs.Add([token]);
        }
        List<(int[], double[])?> made = [.. Enumerable.Range(0, 4).Select(One)];
        for (var slot = 0; slot < slots - 12; slot++) made.Add(slot < runs.Count ? Weighted(layer, [.. runs[slot]]) : null);
        made.AddRange(Enumerable.Range(tokens - 8, 8).Select(One));
        return (made, gap);

        (int[], double[])? One(int token) => ([token], [1]);
    }

    private static (int[], double[]) Weighted(PlainLayer layer, int[] run)
    {
        var pivot = layer.Joined(run[(run.Length - 1) / 2]);
        double[] squares = [.. run.Select(token => layer.Joined(token).Zip(pivot, (a, b) => (a - b) * (a - b)).Sum())];
        var variance = squares.Average();
        double[] kernel = [.. squares.Select(square => variance == 0 ? 1 : Math.Exp(-square / (2 * variance)))];
        return (run, [.. kernel.Select(g => g / kernel.Sum())]);
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
