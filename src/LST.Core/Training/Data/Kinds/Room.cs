namespace LST.Core.Training.Data.Kinds;

/// <summary>Draws until a draft fits, each attempt from a generator of its own.</summary>
internal static class Room
{
    // So many that settings under which some draws fit never end a long run at an unlucky one.
    private const int Attempts = 256;

    /// <summary>The first draft that is not null.</summary>
    /// <exception cref="UsageException">None of the attempts fitted.</exception>
    public static TrainingSequence First(string kind, int prefix, int suffix, SplittableRandom random, Func<SplittableRandom, TrainingSequence?> draft)
    {
        for (var attempt = 0UL; attempt < Attempts; attempt++)
            if (draft(random.Split(attempt)) is { } sequence) return sequence;
        throw new UsageException($"training data of kind '{kind}': a context must fit into the prefix and a question with its answer into the suffix, "
            + $"but none of {Attempts} drawn ones fits into {prefix} and {suffix} tokens; raise the shorter of them, or give this kind the weight 0.");
    }
}
