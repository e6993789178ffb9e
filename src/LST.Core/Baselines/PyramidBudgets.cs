namespace LST.Core.Baselines;

/// <summary>Slots that decrease linearly with depth, whole numbers with an exact total.</summary>
internal static class PyramidBudgets
{
    /// <summary>
    /// The line from <c>2·mean − least</c> in the first layer down to <c>least = mean/β</c> in the last one, held below <paramref name="most"/>. Fractions are
    /// cut off; what is then missing goes one by one to the largest of them, lower layers first; a layer with nothing gets one from the largest.
    /// </summary>
    /// <param name="layers">L.</param>
    /// <param name="mean">Slots of a layer on average, at least 1.</param>
    /// <param name="most">Slots that a layer can have, at least <paramref name="mean"/>.</param>
    /// <param name="beta">At least 1.</param>
    /// <returns>[L], each at least 1, together L·mean.</returns>
    public static int[] Slots(int layers, int mean, int most, decimal beta)
    {
        if (layers == 1) return [mean];
        // Everything in units of 1/(β·(L − 1)), so that equal fractions are equal.
        var unit = beta * (layers - 1);
        var (first, last) = beta * most < (2 * beta - 1) * mean ? (beta * most, beta * (2m * mean - most)) : ((2 * beta - 1) * mean, (decimal)mean);
        var line = Enumerable.Range(0, layers).Select(l => first * (layers - 1 - l) + last * l).ToArray();
        var slots = line.Select(at => (int)decimal.Floor(at / unit)).ToArray();
        var missing = (int)(layers * (long)mean - slots.Sum(count => (long)count));
        foreach (var l in Enumerable.Range(0, layers).OrderByDescending(l => line[l] - slots[l] * unit).Take(missing)) slots[l]++;
        for (var l = 0; l < layers; l++)
            while (slots[l] < 1)
            {
                slots[Array.IndexOf(slots, slots.Max())]--;
                slots[l]++;
            }
        return slots;
    }
}
