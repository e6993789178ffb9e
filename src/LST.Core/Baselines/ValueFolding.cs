using LST.Core.Compression;

namespace LST.Core.Baselines;

/// <summary>WeightedKV's arithmetic in one head: values of dropped tokens go into the next token by their average attention.</summary>
internal static class ValueFolding
{
    /// <summary>One eviction: target = (ā_dropped · dropped + ā_target · target) / (ā_dropped + ā_target). Without any attention the target stays.</summary>
    /// <param name="target">The right neighbour's value, changed in place.</param>
    /// <param name="dropped">The dropped token's value.</param>
    /// <param name="targetAverage">The neighbour's average attention.</param>
    /// <param name="droppedAverage">The dropped token's.</param>
    public static void Fold(Span<float> target, ReadOnlySpan<float> dropped, float targetAverage, float droppedAverage)
    {
        var sum = (double)targetAverage + droppedAverage;
        if (sum > 0) RowArithmetic.Blend(target, dropped, (float)(droppedAverage / sum));
    }

    /// <summary>All evictions, the least attended first (of equals the later one), each into the next token that is still there.</summary>
    /// <param name="rows">[T · width], changed in place: rows of kept tokens then hold what their slots hold.</param>
    /// <param name="width">Numbers of a row.</param>
    /// <param name="average">Average attention of each token [T].</param>
    /// <param name="kept">Tokens that stay, ascending; the last token is one of them.</param>
    public static void Sequential(Span<float> rows, int width, ReadOnlySpan<float> average, ReadOnlySpan<int> kept)
    {
        var tokens = average.Length;
        var weights = average.ToArray();
        var (before, behind) = (new int[tokens], new int[tokens]);
        for (var j = 0; j < tokens; j++) (before[j], behind[j]) = (j - 1, j + 1);
        foreach (var token in Selection.Dropped(kept, tokens).OrderBy(token => weights[token]).ThenByDescending(token => token))
        {
            var next = behind[token];
            Fold(rows.Slice(next * width, width), rows.Slice(token * width, width), average[next], average[token]);
            before[next] = before[token];
            if (before[token] >= 0) behind[before[token]] = next;
        }
    }

    /// <summary>Every kept token becomes the weighted mean of itself and of the dropped run to its left.</summary>
    /// <param name="rows">As in <see cref="Sequential"/>.</param>
    /// <param name="width">As in <see cref="Sequential"/>.</param>
    /// <param name="average">As in <see cref="Sequential"/>.</param>
    /// <param name="kept">As in <see cref="Sequential"/>.</param>
    public static void SegmentMeans(Span<float> rows, int width, ReadOnlySpan<float> average, ReadOnlySpan<int> kept)
    {
        var first = 0;
        foreach (var token in kept)
        {
            var sum = 0.0;
            for (var j = first; j <= token; j++) sum += average[j];
            if (sum > 0 && first < token)
            {
                var target = rows.Slice(token * width, width);
                foreach (ref var number in target) number *= (float)(average[token] / sum);
                for (var j = first; j < token; j++) RowArithmetic.AddScaled(target, rows.Slice(j * width, width), (float)(average[j] / sum));
            }
            first = token + 1;
        }
    }
}
