namespace LST.Core.Tests.Baselines;

/// <summary>CaM, KVMerger and WeightedKV in one head, step by step in double. Nothing is shared with the methods themselves.</summary>
internal static class NaiveMergers
{
    /// <summary>Values of all tokens after every eviction of CaM; those of kept tokens are what slots hold. The smallest |p − draw| comes with them.</summary>
    public static (double[][] Values, double Gap) Added(double[][] values, double[] sums, int[] kept, bool cascades, int targets, bool byMax, Func<int, double>? draw)
    {
        double[][] now = [.. values.Select(value => value.ToArray())];
        var gap = double.PositiveInfinity;
        for (var e = 0; e < now.Length; e++)
        {
            if (kept.Contains(e)) continue;
            var receivers = Enumerable.Range(e + 1, now.Length - e - 1).Where(j => cascades || kept.Contains(j)).Take(targets).ToList();
            if (receivers.Count == 0) continue;
            var over = byMax ? receivers.Max(j => sums[j]) : receivers.Average(j => sums[j]);
            var share = Math.Min(1, sums[e] / over);
            if (draw is not null)
            {
                gap = Math.Min(gap, Math.Abs(share - draw(e)));
                share = draw(e) < share ? 1 : 0;
            }
            foreach (var j in receivers)
                for (var d = 0; d < now[j].Length; d++) now[j][d] += share * now[e][d] / receivers.Count;
        }
        return (now, gap);
    }

    /// <summary>WeightedKV: the surviving tokens and their values.</summary>
    public static List<(int Token, double[] Value)> Folded(double[][] values, double[] average, int sinks, int recent, int slots, bool isSequential)
    {
        var left = values.Select((value, token) => (Token: token, Value: value)).ToList();
        while (left.Count > slots)
        {
            var at = -1;
            for (var i = 0; i < left.Count; i++)
                if (left[i].Token >= sinks && left[i].Token < values.Length - recent && (at < 0 || average[left[i].Token] <= average[left[at].Token])) at = i;
            var (a, b) = (average[left[at].Token], average[left[at + 1].Token]);
            var (dropped, next) = (left[at].Value, left[at + 1]);
            left[at + 1] = (next.Token, [.. next.Value.Select((number, d) => ((a * dropped[d]) + (b * number)) / (a + b))]);
            left.RemoveAt(at);
        }
        if (isSequential) return left;
        return [.. left.Select((slot, i) =>
        {
            var run = Enumerable.Range(i == 0 ? 0 : left[i - 1].Token + 1, slot.Token - (i == 0 ? -1 : left[i - 1].Token)).ToList();
            return (slot.Token, (double[])[.. Enumerable.Range(0, slot.Value.Length).Select(d => run.Sum(j => average[j] * values[j][d]) / run.Sum(j => average[j]))]);
        })];
    }

    /// <summary>KVMerger's runs where edges are wanted: the best edge again and again, and less protection until there are enough.</summary>
    public static List<int[]> Matched(double[] cosines, double[] sums, int sinks, int recent, int heavy, int slots, int longest)
    {
        var tokens = sums.Length;
        foreach (var limit in new[] { longest, tokens })
        {
            var heavies = Enumerable.Range(sinks, tokens - sinks - recent).OrderByDescending(j => sums[j]).Take(heavy).ToList();
            var recents = Enumerable.Range(tokens - recent, recent).ToList();
            while (true)
            {
                if (Greedy(cosines, j => j < sinks || heavies.Contains(j) || recents.Contains(j), double.NegativeInfinity, slots, limit) is { } runs && runs.Count == slots) return runs;
                if (heavies.Count > 0) heavies.RemoveAt(heavies.Count - 1);
                else if (recents.Count > 0) recents.RemoveAt(0);
                else break;
            }
        }
        throw new InvalidOperationException("no runs");
    }

    /// <summary>KVMerger's runs of one set of protected tokens, down to some number of them or to a cosine.</summary>
    public static List<int[]> Greedy(double[] cosines, Func<int, bool> isProtected, double least, int slots, int longest)
    {
        var runs = Enumerable.Range(0, cosines.Length + 1).Select(j => new[] { j }).ToList();
        while (runs.Count > slots)
        {
            var at = -1;
            for (var i = 0; i + 1 < runs.Count; i++)
            {
                var edge = runs[i][^1];
                if (isProtected(edge) || isProtected(edge + 1) || runs[i].Length + runs[i + 1].Length > longest || cosines[edge] < least) continue;
                if (at < 0 || cosines[edge] > cosines[runs[at][^1]]) at = i;
            }
            if (at < 0) break;
            runs[at] = [.. runs[at], .. runs[at + 1]];
            runs.RemoveAt(at + 1);
        }
        return runs;
    }

    /// <summary>Pivot and weights of a run.</summary>
    public static (int Pivot, double[] Weights) Kernel(double[][] keys, double[] sums, int[] run, double? sigma)
    {
        var pivot = run.MaxBy(j => sums[j]);
        double Far(int j) => keys[j].Zip(keys[pivot], (a, b) => (a - b) * (a - b)).Sum();
        var others = run.Where(j => j != pivot).ToList();
        var variance = sigma * sigma ?? (others.Count == 0 ? 1 : others.Average(Far));
        var kernel = run.Select(j => Math.Exp(-Far(j) / (2 * variance))).ToArray();
        return (pivot, [.. kernel.Select(weight => weight / kernel.Sum())]);
    }

    public static double[] Mean(double[][] rows, int[] run, double[] weights) => [.. Enumerable.Range(0, rows[0].Length).Select(d => run.Select((j, i) => weights[i] * rows[j][d]).Sum())];

    /// <summary>Whether two of the numbers are so close that rounding may put them in another order.</summary>
    public static bool AreClose(IEnumerable<double> numbers, double gap)
    {
        var sorted = numbers.Order().ToArray();
        return sorted.Zip(sorted.Skip(1)).Any(pair => pair.Second - pair.First < gap);
    }
}
