namespace LST.Core.Sidecar;

/// <summary>
/// How the T tokens of one head become n slots: sinks, windows that become m super-tokens each, recents. Windows are balanced (sizes differ by at
/// most one), so that n is exact; slots that m does not divide go to the recents. A head that is told how many recents it keeps may be left with windows that are
/// longer than the network sees: those are <em>wide</em>, plain means with their mass, one slot each.
/// </summary>
/// <param name="Tokens">T.</param>
/// <param name="Sinks">First tokens kept.</param>
/// <param name="Recent">Last tokens kept.</param>
/// <param name="Windows">First token and length of each window, in order.</param>
/// <param name="SuperTokens">m; 1 where windows are wide.</param>
/// <param name="IsWide">Whether windows are pooled without the network.</param>
public sealed record WindowPlan(int Tokens, int Sinks, int Recent, IReadOnlyList<(int First, int Count)> Windows, int SuperTokens, bool IsWide = false)
{
    /// <summary>n.</summary>
    public int Slots => Sinks + Recent + MiddleSlots;

    /// <summary>Slots of all windows.</summary>
    public int MiddleSlots => Windows.Count * SuperTokens;

    /// <summary>Plans n slots for a head that keeps R recents in any case: windows are wide where they must be.</summary>
    /// <param name="config">The sidecar's options.</param>
    /// <param name="tokens">T.</param>
    /// <param name="slots">n.</param>
    /// <param name="sinks">s.</param>
    /// <param name="recent">R.</param>
    /// <returns>The plan, or null when the head stays as it is.</returns>
    public static WindowPlan? MakeWithRecent(SidecarConfig config, int tokens, int slots, int sinks, int recent)
    {
        if (MakeWide(tokens, slots, sinks, recent) is not { } wide) return null;
        var middle = tokens - wide.Sinks - wide.Recent;
        var windows = wide.Windows.Count / config.SuperTokens;
        return windows > 0 && middle <= (long)windows * config.LongestWindow ? Make(config, tokens, slots, wide.Sinks, wide.Recent) : wide;
    }

    /// <summary>Plans n slots of which the middle is pooled without a network; null when the head stays as it is.</summary>
    internal static WindowPlan? MakeWide(int tokens, int slots, int sinks, int recent)
    {
        if (slots >= tokens || slots < 1) return null;
        sinks = Math.Min(sinks, slots - 1);
        recent = Math.Clamp(recent, 0, slots - sinks - 1);
        return new WindowPlan(tokens, sinks, recent, Balanced(sinks, tokens - sinks - recent, slots - sinks - recent), 1, IsWide: true);
    }

    /// <summary>
    /// Plans n slots. Where a window would be longer than w_max, first recents and then sinks join the middle; if that does not suffice the head cannot
    /// be compressed by this network.
    /// </summary>
    /// <param name="config">The sidecar's options.</param>
    /// <param name="tokens">T.</param>
    /// <param name="slots">n.</param>
    /// <param name="sinks">s.</param>
    /// <param name="recent">R.</param>
    /// <returns>The plan, or null when the head stays as it is.</returns>
    public static WindowPlan? Make(SidecarConfig config, int tokens, int slots, int sinks, int recent)
    {
        if (slots >= tokens || slots < 1) return null;
        var m = config.SuperTokens;
        // At least one window.
        sinks = Math.Min(sinks, Math.Max(0, slots - m));
        recent = Math.Min(recent, Math.Max(0, slots - sinks - m));
        while (true)
        {
            var windows = (slots - sinks - recent) / m;
            var kept = slots - sinks - windows * m;                         // recents, with the slots that m does not divide
            var middle = tokens - sinks - kept;
            if (windows > 0 && middle <= (long)windows * config.LongestWindow && middle >= (long)windows * m)
                return new WindowPlan(tokens, sinks, kept, Balanced(sinks, middle, windows), m);
            if (recent > 0) recent--;
            else if (sinks > 0) sinks--;
            else return null;
        }
    }

    // Window g of N covers middle tokens ⌊gM/N⌋ … ⌊(g+1)M/N⌋ − 1, as balanced mean pooling.
    private static (int First, int Count)[] Balanced(int start, int middle, int windows)
    {
        var made = new (int, int)[windows];
        for (var g = 0; g < windows; g++)
        {
            var (from, to) = ((int)((long)g * middle / windows), (int)((long)(g + 1) * middle / windows));
            made[g] = (start + from, to - from);
        }
        return made;
    }

    /// <inheritdoc/>
    public bool Equals(WindowPlan? other) =>
        other is not null && (Tokens, Sinks, Recent, Windows.Count, SuperTokens, IsWide) == (other.Tokens, other.Sinks, other.Recent, other.Windows.Count, other.SuperTokens, other.IsWide)
        && Windows.SequenceEqual(other.Windows);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Tokens, Sinks, Recent, Windows.Count, SuperTokens);
}
