namespace LST.Core.Training.Data.Kinds;

/// <summary>Makes the sequences of one kind.</summary>
internal interface ISequenceKind
{
    /// <summary>The sequence of a generator and a prefix length, a function of both alone.</summary>
    /// <param name="random">The sample's own generator.</param>
    /// <param name="prefix">T to aim at: met exactly by kinds text and repeat, and nearly always by the others, which never exceed it.</param>
    /// <exception cref="UsageException">No draw found room.</exception>
    TrainingSequence Make(SplittableRandom random, int prefix);
}
