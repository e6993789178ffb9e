using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace LST.Core.Training.Data;

/// <summary>
/// A random generator that is split by keys instead of being shared: <see cref="Split(ulong)"/> depends on the generator's own key and the given one, never on
/// what was drawn before, so that sample i of seed s is the same in any order, on any thread and after any resume. Streams are SplitMix64 (Steele, Lea and
/// Flood 2014).
/// Instances are not safe for concurrent use; splitting is.
/// </summary>
/// <param name="seed">The key of the root; any value.</param>
public sealed class SplittableRandom(ulong seed)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private readonly ulong _key = Mix(seed + Golden);
    private ulong _state = Mix(seed + Golden);

    /// <summary>A child that depends on this generator's key and <paramref name="key"/> alone.</summary>
    public SplittableRandom Split(ulong key) => new(Mix(_key ^ 0xD1B54A32D192ED03) + Mix(key * Golden + 0x8CB92BA72F3D8DD7));

    /// <summary>A child for a name: the same name gives the same child.</summary>
    public SplittableRandom Split(string name) => Split(BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name))));

    /// <summary>The next 64 random bits.</summary>
    public ulong NextBits() => Mix(_state += Golden);

    /// <summary>An integer in [0, <paramref name="count"/>), each equally likely; <paramref name="count"/> is positive.</summary>
    public long Below(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var bound = (ulong)count;
        // Draws from the incomplete last block are thrown away, or small values would be likelier.
        var limit = ulong.MaxValue - (ulong.MaxValue % bound + 1) % bound;
        ulong drawn;
        do drawn = NextBits();
        while (drawn > limit);
        return (long)(drawn % bound);
    }

    /// <summary>An integer from <paramref name="low"/> to <paramref name="high"/>, both included.</summary>
    public int Between(int low, int high) => (int)(low + Below((long)high - low + 1));

    /// <summary>A double in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1L << 53));

    /// <summary>One of the items, each equally likely.</summary>
    public T Choose<T>(IReadOnlyList<T> items) => items[(int)Below(items.Count)];

    /// <summary>An index in proportion to its weight; weights are not negative and their sum is positive.</summary>
    public int ChooseByWeight(IReadOnlyList<double> weights)
    {
        var rest = NextDouble() * weights.Sum();
        var last = -1;
        for (var i = 0; i < weights.Count; i++)
        {
            if (weights[i] <= 0) continue;
            last = i;
            rest -= weights[i];
            if (rest < 0) break;
        }
        return last;
    }

    /// <summary>Puts the items into an order of which every one is equally likely (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = (int)Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
