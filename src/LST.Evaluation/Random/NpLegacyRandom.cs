namespace LST.Evaluation.Random;

/// <summary>numpy's legacy generator, <c>np.random.seed(seed)</c> and <c>np.random.randint(low, high)</c>, call for call. Not thread-safe.</summary>
public sealed class NpLegacyRandom(uint seed)
{
    private readonly MersenneTwister _twister = new(seed);

    /// <summary><c>randint(low, high)</c>: <paramref name="low"/> … <paramref name="highExclusive"/> − 1; at most 2^32 different values.</summary>
    public long RandInt(long low, long highExclusive)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(highExclusive, low);
        var range = checked(highExclusive - low - 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range, uint.MaxValue, nameof(highExclusive));
        if (range == 0) return low;
        var mask = uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount((uint)range);
        uint drawn;
        do drawn = _twister.Next() & mask;
        while (drawn > range);
        return low + drawn;
    }
}
