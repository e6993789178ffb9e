namespace LST.Core.Training.Data.Kinds;

/// <summary>Windows of texts: BOS and T + S ids, a chunk of protocol E1 at a random place.</summary>
internal sealed class TextKind(MixtureSettings settings, SourceMix mix, int bos) : ISequenceKind
{
    /// <inheritdoc/>
    public TrainingSequence Make(SplittableRandom random, int prefix)
    {
        var source = mix.Draw(random);
        var ids = SourceMix.Window(source, random, bos, prefix + settings.Suffix);
        return new TrainingSequence(ids, prefix, settings.Suffix, null, SequenceKinds.Text, source.Name);
    }
}
