namespace LST.Core.Compression;

/// <summary>Sinks and recents of a budget.</summary>
public static class Protected
{
    /// <summary>
    /// Fits s and R into a budget that short prompts may have made smaller than s + R + 1: recents give way first, then sinks.
    /// </summary>
    public static (int Sinks, int Recent) Clamp(int sinks, int recent, int slots)
    {
        sinks = Math.Min(sinks, slots);
        return (sinks, Math.Min(recent, slots - sinks));
    }
}
