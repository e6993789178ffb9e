using LST.Core;
using LST.Evaluation.Random;

namespace LST.Evaluation.Benchmarks.Recall;

/// <summary>
/// A chunk of protocol E1 in which a span of the prefix comes again at the start of the suffix (conventions §3, "Repeats"): with <c>PyRandom(c)</c> for chunk c, m = randint(32, 128),
/// p = randint(1, P − 1 − m); ids P … P + m − 1 are replaced by ids p … p + m − 1; the NLL of ids P + ⌊m/2⌋ … P + m − 1 is scored, by which time the repetition is known.
/// </summary>
/// <param name="Ids">[P + S] ids, BOS first.</param>
/// <param name="Prefix">P: ids 0 … P − 2 are compressed.</param>
/// <param name="Source">p, first id of the span.</param>
/// <param name="Length">m, ids of the span.</param>
public sealed record RepeatChunk(long[] Ids, int Prefix, int Source, int Length)
{
    /// <summary>Shortest span.</summary>
    public const int Shortest = 32;

    /// <summary>Longest span.</summary>
    public const int Longest = 128;

    /// <summary>Place of the first id that is scored, P + ⌊m/2⌋.</summary>
    public int ScoredStart => Prefix + Length / 2;

    /// <summary>Place behind the last id that is scored, P + m.</summary>
    public int ScoredEnd => Prefix + Length;

    /// <summary>Makes it from a chunk.</summary>
    /// <param name="ids">[P + S] ids of the chunk, BOS first; they are copied.</param>
    /// <param name="chunk">c, number of the chunk from 0: the seed.</param>
    /// <param name="prefix">P.</param>
    /// <exception cref="UsageException">The longest span does not fit into prefix or suffix.</exception>
    public static RepeatChunk Of(ReadOnlySpan<long> ids, int chunk, int prefix)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(chunk);
        if (prefix < Longest + 2 || ids.Length - prefix < Longest)
            throw new UsageException($"repeats: a span of up to {Longest} ids must fit into the prefix behind BOS and into the suffix, but they have {prefix} and {ids.Length - prefix} ids; "
                + $"give --prefix of at least {Longest + 2} and --suffix of at least {Longest}");
        var random = new PyRandom(chunk);
        var length = (int)random.RandInt(Shortest, Longest);
        var source = (int)random.RandInt(1, prefix - 1 - length);
        var changed = ids.ToArray();
        ids.Slice(source, length).CopyTo(changed.AsSpan(prefix));
        return new RepeatChunk(changed, prefix, source, length);
    }
}
