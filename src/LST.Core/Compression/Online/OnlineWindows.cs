namespace LST.Core.Compression.Online;

/// <summary>
/// The plan of methods that pool windows while tokens arrive: s sinks, then windows of m·r tokens that become m slots each, once and for all; the last R
/// tokens, and those of the window that is not complete, stay dense. Where m·r is no whole number, window sizes differ by at most one: window g ends
/// ⌈(g + 1)·m·r⌉ tokens behind the first one's start.
/// </summary>
/// <param name="Ratio">r: tokens to a slot.</param>
/// <param name="SuperTokens">m.</param>
/// <param name="Sinks">s.</param>
/// <param name="Recent">R.</param>
/// <param name="Neighbours">c: raw tokens on each side of a window that pooling looks at besides; at most R.</param>
internal sealed record OnlineWindows(Ratio Ratio, int SuperTokens, int Sinks, int Recent, int Neighbours) : IOnlinePlan
{
    /// <summary>Most tokens of one window.</summary>
    public int LongestWindow => (int)End(1);

    /// <inheritdoc/>
    public int TailTokens => Recent + LongestWindow - 1;

    /// <inheritdoc/>
    public int PromptTokens => Recent + Neighbours;

    /// <inheritdoc/>
    public long MostSlots(long seen) => seen * Ratio.Denominator / Ratio.Numerator + Sinks + Recent + LongestWindow - 1;

    /// <summary>Tokens of the first windows.</summary>
    public long End(long windows) => (windows * SuperTokens * Ratio.Numerator + Ratio.Denominator - 1) / Ratio.Denominator;

    /// <summary>Windows that so many tokens complete.</summary>
    public long Complete(long tokens) => tokens <= 0 ? 0 : tokens * Ratio.Denominator / ((long)SuperTokens * Ratio.Numerator);
}
