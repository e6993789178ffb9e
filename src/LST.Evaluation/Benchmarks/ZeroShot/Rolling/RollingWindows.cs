namespace LST.Evaluation.Benchmarks.ZeroShot.Rolling;

/// <summary>One window of a long text: each target is predicted from the inputs up to its own place.</summary>
/// <param name="Inputs">Ids that the model reads; the last ones stand before the targets.</param>
/// <param name="Targets">Ids that are scored.</param>
public sealed record RollingWindow(int[] Inputs, int[] Targets)
{
    /// <summary>Inputs that are no targets: the context of the disjoint form.</summary>
    public int[] Context => Inputs[..(Inputs.Length - (Targets.Length - 1))];

    /// <summary>The disjoint form as a request.</summary>
    public EncodedPair Pair => new(Context, Targets);
}

/// <summary>Windows in which every id of a text is scored once, as lm-evaluation-harness lays them.</summary>
public static class RollingWindows
{
    /// <summary>
    /// The first window begins with the prefix id; later ones are full length, read earlier ids again, and score what is new, the last one perhaps less than it reads.
    /// </summary>
    /// <param name="ids">Ids of the text.</param>
    /// <param name="prefixId">The id before the first one.</param>
    /// <param name="maxLength">Ids that the model reads at once.</param>
    /// <param name="context">Ids that a later window reads before its first target, at least; 1: as few as can be.</param>
    public static IReadOnlyList<RollingWindow> Of(int[] ids, int prefixId, int maxLength, int context = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(context, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(context, maxLength);
        if (ids.Length == 0) return [];
        var scored = Math.Min(maxLength, ids.Length);
        List<RollingWindow> windows = [new([prefixId, .. ids[..(scored - 1)]], ids[..scored])];
        while (scored < ids.Length)
        {
            var count = Math.Min(ids.Length - scored, maxLength - context + 1);
            var end = scored + count;
            windows.Add(new(ids[(end - maxLength - 1)..(end - 1)], ids[scored..end]));
            scored = end;
        }
        return windows;
    }
}
