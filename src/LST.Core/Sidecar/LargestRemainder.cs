namespace LST.Core.Sidecar;

/// <summary>Whole numbers in given proportions with an exact sum.</summary>
internal static class LargestRemainder
{
    /// <summary>Shares a total by weights, each part between two bounds; what a bound cuts off goes to the others.</summary>
    /// <param name="total">The sum; between parts·least and parts·most.</param>
    /// <param name="weights">At least 0.</param>
    /// <param name="least">Smallest part.</param>
    /// <param name="most">Largest part.</param>
    public static int[] Share(long total, IReadOnlyList<double> weights, int least, int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(total, (long)least * weights.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(total, (long)most * weights.Count);
        // The scale at which the bounded parts sum to the total, by bisection: the sum grows with it.
        double Part(int i, double scale) => Math.Clamp(weights[i] * scale, least, most);
        double Sum(double scale) => Enumerable.Range(0, weights.Count).Sum(i => Part(i, scale));
        var (low, high) = (0.0, 1.0);
        while (Sum(high) < total && high < 1e18) high *= 2;
        for (var step = 0; step < 200; step++)
        {
            var middle = (low + high) / 2;
            if (Sum(middle) < total) low = middle;
            else high = middle;
        }
        var parts = Enumerable.Range(0, weights.Count).Select(i => (int)Math.Floor(Part(i, high) + 1e-9)).ToArray();
        var missing = total - parts.Sum(part => (long)part);
        var order = Enumerable.Range(0, weights.Count).OrderByDescending(i => Part(i, high) - parts[i]).ThenBy(i => i).ToArray();
        while (missing != 0)
        {
            var before = missing;
            foreach (var i in missing > 0 ? order : [.. order.Reverse()])
            {
                if (missing > 0 && parts[i] < most) (parts[i], missing) = (parts[i] + 1, missing - 1);
                else if (missing < 0 && parts[i] > least) (parts[i], missing) = (parts[i] - 1, missing + 1);
                if (missing == 0) break;
            }
            if (before == missing) throw new InvalidOperationException("no part can take what is left");
        }
        return parts;
    }
}
