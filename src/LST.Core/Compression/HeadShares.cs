using static TorchSharp.torch;

namespace LST.Core.Compression;

/// <summary>Slots that heads share: the best tokens of all of them together, so that heads differ in length.</summary>
public static class HeadShares
{
    /// <summary>Tokens of each head, ascending: each head's own best few in any case, then the best of all heads. Ties go to the lower head, in it to the lower index.</summary>
    /// <param name="scores">[heads, T]; +∞ for tokens that are kept in any case.</param>
    /// <param name="total">Tokens of all heads together.</param>
    /// <param name="least">Fewest tokens of a head; heads · least is at most <paramref name="total"/>.</param>
    public static int[][] Best(Tensor scores, int total, int least)
    {
        using var scope = NewDisposeScope();
        var (heads, tokens) = ((int)scores.shape[0], (int)scores.shape[1]);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)least * heads, total);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(total, (long)heads * tokens);
        var wide = scores.to(float32);
        var own = wide.sort(-1, descending: true, stable: true).Indices.narrow(1, 0, least);
        var winners = Selection.Top(wide.scatter(1, own, full_like(own, float.PositiveInfinity, float32)).reshape(1, -1), [total])[0];
        var kept = Enumerable.Range(0, heads).Select(_ => new List<int>()).ToArray();
        foreach (var winner in winners) kept[winner / tokens].Add(winner % tokens);
        return [.. kept.Select(head => head.ToArray())];
    }
}
