using LST.Core.Compression;

namespace LST.Core.Baselines;

/// <summary>CaM's arithmetic in one head: a dropped token's value goes in equal parts to the receivers behind it, with a gate between 0 and 1.</summary>
internal static class ValueAddition
{
    /// <summary>
    /// How likely each dropped token is to be merged: its accumulated attention over the mean, or the largest, of its receivers', at most 1. Nothing over nothing is 0,
    /// as is a token without receivers.
    /// </summary>
    /// <param name="accumulated">Accumulated attention of each row; receivers are not changed by merges before theirs.</param>
    /// <param name="dropped">Rows that are dropped, ascending.</param>
    /// <param name="receivers">Rows that may receive, ascending.</param>
    /// <param name="most">Most receivers of a token, the nearest behind it.</param>
    /// <param name="byLargest">Divided by the largest instead of the mean.</param>
    /// <param name="probabilities">One for each dropped token.</param>
    public static void Probabilities(ReadOnlySpan<float> accumulated, ReadOnlySpan<int> dropped, ReadOnlySpan<int> receivers, int most, bool byLargest, Span<float> probabilities)
    {
        var next = 0;
        for (var i = 0; i < dropped.Length; i++)
        {
            var behind = Behind(dropped[i], receivers, most, ref next);
            var (sum, largest) = (0.0, 0.0);
            foreach (var receiver in behind) (sum, largest) = (sum + accumulated[receiver], Math.Max(largest, accumulated[receiver]));
            var ratio = accumulated[dropped[i]] / (byLargest ? largest : sum / behind.Length);
            probabilities[i] = behind.IsEmpty || double.IsNaN(ratio) ? 0 : (float)Math.Clamp(ratio, 0, 1);
        }
    }

    /// <summary>Adds dropped rows to their receivers, in ascending order: what a dropped receiver was given goes on with it.</summary>
    /// <param name="rows">[rows · width], changed in place.</param>
    /// <param name="width">Numbers of a row.</param>
    /// <param name="dropped">As in <see cref="Probabilities"/>.</param>
    /// <param name="receivers">As in <see cref="Probabilities"/>; all rows where contributions cascade.</param>
    /// <param name="most">As in <see cref="Probabilities"/>.</param>
    /// <param name="gates">Share of each dropped row that is merged at all: 1 or 0 where it was drawn, its probability where it is expected.</param>
    public static void Add(Span<float> rows, int width, ReadOnlySpan<int> dropped, ReadOnlySpan<int> receivers, int most, ReadOnlySpan<float> gates)
    {
        var next = 0;
        for (var i = 0; i < dropped.Length; i++)
        {
            var behind = Behind(dropped[i], receivers, most, ref next);
            if (gates[i] == 0) continue;
            foreach (var receiver in behind) RowArithmetic.AddScaled(rows.Slice(receiver * width, width), rows.Slice(dropped[i] * width, width), gates[i] / behind.Length);
        }
    }

    private static ReadOnlySpan<int> Behind(int token, ReadOnlySpan<int> receivers, int most, ref int next)
    {
        while (next < receivers.Length && receivers[next] <= token) next++;
        return receivers.Slice(next, Math.Min(most, receivers.Length - next));
    }
}
