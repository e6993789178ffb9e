namespace LST.Core.Training;

/// <summary>One way to spend slots on a head.</summary>
/// <param name="Slots">As a share of the mean budget n.</param>
/// <param name="Recent">Share of the head's own slots that stays recent tokens.</param>
public readonly record struct HeadOption(double Slots, double Recent);

/// <summary>Chooses one option a head so that the total cost is what it may be and the total error is least.</summary>
internal static class HeadChoice
{
    /// <summary>
    /// Lagrangian choice: each head takes the option that minimises error + μ · slots; μ is bisected until the mean of slots is at most 1; what is left is given, step by step,
    /// to the heads that gain most by it.
    /// </summary>
    /// <param name="errors">[heads][options], finite.</param>
    /// <param name="options">The options.</param>
    /// <returns>Index of the option of each head; the mean of slots is at most 1.</returns>
    /// <exception cref="ArgumentException">No choice is cheap enough.</exception>
    public static int[] Of(IReadOnlyList<IReadOnlyList<double>> errors, IReadOnlyList<HeadOption> options)
    {
        int[] At(double price) => [.. errors.Select(head => Enumerable.Range(0, options.Count).MinBy(o => (head[o] + price * options[o].Slots, options[o].Slots)))];
        double Cost(int[] chosen) => chosen.Average(o => options[o].Slots);
        var (low, high) = (0.0, 1.0);
        while (Cost(At(high)) > 1 + 1e-9)
        {
            high *= 4;
            if (high > 1e30) throw new ArgumentException("no option is cheap enough: one with a share of at most 1 is needed");
        }
        for (var step = 0; step < 100; step++)
        {
            var middle = (low + high) / 2;
            if (Cost(At(middle)) > 1 + 1e-9) low = middle;
            else high = middle;
        }
        var chosen = At(high);
        Fill(errors, options, chosen);
        return chosen;
    }

    // The choice jumps with μ; the slots between go where they reduce the error most for their price.
    private static void Fill(IReadOnlyList<IReadOnlyList<double>> errors, IReadOnlyList<HeadOption> options, int[] chosen)
    {
        while (true)
        {
            var left = chosen.Length - chosen.Sum(o => options[o].Slots) + 1e-9;
            var best = (Gain: 0.0, Head: -1, Option: -1);
            for (var h = 0; h < chosen.Length; h++)
                for (var o = 0; o < options.Count; o++)
                {
                    var price = options[o].Slots - options[chosen[h]].Slots;
                    var gain = errors[h][chosen[h]] - errors[h][o];
                    if (price <= left && gain > 0 && gain / Math.Max(price, 1e-6) > best.Gain) best = (gain / Math.Max(price, 1e-6), h, o);
                }
            if (best.Head < 0) return;
            chosen[best.Head] = best.Option;
        }
    }
}
