using System.Globalization;
using System.Numerics;

namespace LST.Evaluation.Random;

/// <summary>
/// CPython's <c>random.Random</c>, call for call: the same seed gives the same sequence, so that samples, shuffles and bootstrap draws of
/// Python programs are repeated exactly. Not thread-safe.
/// </summary>
public sealed class PyRandom
{
    private readonly MersenneTwister _twister;

    /// <summary><c>Random(seed)</c>; of a negative seed the absolute value counts, as in Python.</summary>
    public PyRandom(BigInteger seed)
    {
        var magnitude = BigInteger.Abs(seed);
        List<uint> key = [(uint)(magnitude & uint.MaxValue)];
        for (magnitude >>= 32; !magnitude.IsZero; magnitude >>= 32) key.Add((uint)(magnitude & uint.MaxValue));
        _twister = new MersenneTwister([.. key]);
    }

    /// <summary><c>random()</c>: a double in [0, 1) with 53 random bits.</summary>
    public double NextDouble()
    {
        var high = _twister.Next() >> 5;
        var low = _twister.Next() >> 6;
        return (high * 67108864.0 + low) / 9007199254740992.0;
    }

    /// <summary><c>getrandbits(bits)</c> for 1 to 64 bits.</summary>
    public ulong GetRandBits(int bits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 64);
        if (bits <= 32) return _twister.Next() >> (32 - bits);
        ulong low = _twister.Next();
        return low | ((ulong)(_twister.Next() >> (64 - bits)) << 32);
    }

    /// <summary><c>getrandbits(bits)</c> for any number of bits; none gives 0.</summary>
    public BigInteger GetManyRandBits(int bits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bits);
        var drawn = BigInteger.Zero;
        for (var word = 0; 32 * word < bits; word++) drawn |= (BigInteger)(_twister.Next() >> Math.Max(0, 32 - (bits - (32 * word)))) << (32 * word);
        return drawn;
    }

    /// <summary><c>randrange(count)</c>: 0 … <paramref name="count"/> − 1.</summary>
    public long Below(long count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var bits = 64 - BitOperations.LeadingZeroCount((ulong)count);
        ulong drawn;
        do drawn = GetRandBits(bits);
        while (drawn >= (ulong)count);
        return (long)drawn;
    }

    /// <summary><c>randint(low, high)</c>: both ends included; high − low must be below 2^63 − 1.</summary>
    public long RandInt(long low, long high)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(high, low);
        return low + Below(checked(high - low + 1));
    }

    /// <summary><c>choice(items)</c>.</summary>
    public T Choice<T>(IReadOnlyList<T> items) => items[(int)Below(items.Count)];

    /// <summary><c>choices(items, k=count)</c>: with replacement, by <c>floor(random() · length)</c>.</summary>
    public T[] Choices<T>(IReadOnlyList<T> items, int count)
    {
        var chosen = new T[count];
        for (var i = 0; i < count; i++) chosen[i] = items[(int)(NextDouble() * items.Count)];
        return chosen;
    }

    /// <summary><c>shuffle(items)</c>, in place.</summary>
    public void Shuffle<T>(IList<T> items)
    {
        for (var i = items.Count - 1; i > 0; i--)
        {
            var j = (int)Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary><c>sample(items, count)</c>: without replacement, in the order drawn.</summary>
    public T[] Sample<T>(IReadOnlyList<T> items, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, items.Count);
        return items.Count <= PoolLimit(count) ? SampleFromPool(items, count) : SampleByRejection(items, count);
    }

    /// <summary>The text of a version 4 UUID made from <c>getrandbits(128)</c>, lower-case with hyphens.</summary>
    public string Uuid4()
    {
        var bits = (UInt128)GetManyRandBits(128);
        bits = (bits & ~((UInt128)0xf << 76)) | ((UInt128)0x4 << 76);
        bits = (bits & ~((UInt128)0x3 << 62)) | ((UInt128)0x2 << 62);
        var hex = bits.ToString("x32", CultureInfo.InvariantCulture);
        return $"{hex[..8]}-{hex[8..12]}-{hex[12..16]}-{hex[16..20]}-{hex[20..]}";
    }

    // Up to this population CPython copies the list, above it redraws what was drawn already: 21, and 4^⌈log₄ 3k⌉ more for k > 5.
    private static long PoolLimit(int count)
    {
        if (count <= 5) return 21;
        long power = 4;
        while (power < 3L * count) power *= 4;
        return 21 + power;
    }

    private T[] SampleFromPool<T>(IReadOnlyList<T> items, int count)
    {
        T[] pool = [.. items];
        var sample = new T[count];
        for (var i = 0; i < count; i++)
        {
            var j = (int)Below(pool.Length - i);
            sample[i] = pool[j];
            pool[j] = pool[pool.Length - i - 1];
        }
        return sample;
    }

    private T[] SampleByRejection<T>(IReadOnlyList<T> items, int count)
    {
        var chosen = new HashSet<int>();
        var sample = new T[count];
        for (var i = 0; i < count; i++)
        {
            int j;
            do j = (int)Below(items.Count);
            while (!chosen.Add(j));
            sample[i] = items[j];
        }
        return sample;
    }
}
