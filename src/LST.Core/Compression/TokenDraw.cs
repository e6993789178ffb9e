namespace LST.Core.Compression;

/// <summary>Random numbers that belong to a token of a head: a hash of (seed, layer, head, token), independent of order, batch and thread.</summary>
internal static class TokenDraw
{
    /// <summary>How many values <see cref="Whole"/> has: as many as a float32 holds exactly.</summary>
    public const int Range = 1 << 24;

    /// <summary>A whole number in [0, <see cref="Range"/>), each equally likely.</summary>
    public static float Whole(int seed, int layer, int head, int token) => Hash((ulong)seed, (ulong)layer, (ulong)head, (ulong)token) >> 40;

    /// <summary>A number in [0, 1).</summary>
    public static float Uniform(int seed, int layer, int head, int token) => Whole(seed, layer, head, token) / Range;

    // SplitMix64 over the four numbers in turn.
    private static ulong Hash(params ReadOnlySpan<ulong> numbers)
    {
        var state = 0UL;
        foreach (var number in numbers)
        {
            state += number + 0x9E3779B97F4A7C15;
            state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
            state ^= state >> 31;
        }
        return state;
    }
}
