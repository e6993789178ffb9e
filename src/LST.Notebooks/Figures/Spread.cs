namespace LST.Notebooks.Figures;

/// <summary>Places labels so that none overlaps another, as near as can be to where each belongs.</summary>
internal static class Spread
{
    /// <summary>Least-squares places with at least <paramref name="gap"/> between neighbours, inside [low, high] where they fit.</summary>
    public static double[] Apart(IReadOnlyList<double> wanted, double gap, double low, double high)
    {
        var order = Enumerable.Range(0, wanted.Count).OrderBy(i => wanted[i]).ThenBy(i => i).ToArray();
        // With the gaps taken out, the places only have to ascend: isotonic regression by pooling neighbours.
        var pools = new List<(double Sum, int Count)>();
        for (var rank = 0; rank < order.Length; rank++)
        {
            pools.Add((wanted[order[rank]] - (rank * gap), 1));
            while (pools.Count > 1 && pools[^2].Sum / pools[^2].Count > pools[^1].Sum / pools[^1].Count)
            {
                var merged = (pools[^2].Sum + pools[^1].Sum, pools[^2].Count + pools[^1].Count);
                pools.RemoveRange(pools.Count - 2, 2);
                pools.Add(merged);
            }
        }
        var places = new double[wanted.Count];
        var at = 0;
        var highest = Math.Max(low, high - ((order.Length - 1) * gap));
        foreach (var (sum, count) in pools)
            for (var i = 0; i < count; i++, at++) places[order[at]] = Math.Clamp(sum / count, low, highest) + (at * gap);
        return places;
    }
}
