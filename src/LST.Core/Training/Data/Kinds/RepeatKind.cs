namespace LST.Core.Training.Data.Kinds;

/// <summary>
/// Verbatim repeats (conventions, Repeats): with P = T + 1, the ids P … P + m − 1 of a window become its ids p … p + m − 1, m from 32 to 128 and p from 1 to
/// T − m.
/// </summary>
internal sealed class RepeatKind(MixtureSettings settings, SourceMix mix, int bos) : ISequenceKind
{
    /// <inheritdoc/>
    public TrainingSequence Make(SplittableRandom random, int prefix)
    {
        var source = mix.Draw(random);
        var ids = SourceMix.Window(source, random, bos, prefix + settings.Suffix);
        // The span lies in the prefix behind BOS, and its copy in the suffix's targets.
        var longest = Math.Min(settings.RepeatMax, Math.Min(settings.Suffix, prefix - 1));
        var length = random.Between(Math.Min(settings.RepeatMin, longest), longest);
        var start = random.Between(1, prefix - length);
        ids.AsSpan(start, length).CopyTo(ids.AsSpan(prefix + 1));
        return new TrainingSequence(ids, prefix, settings.Suffix, Weights(length), SequenceKinds.Repeat, source.Name, $"{length} from {start}");
    }

    private float[]? Weights(int length)
    {
        if (settings.RepeatTargets == RepeatTargets.Suffix) return null;
        var weights = new float[settings.Suffix];
        var first = settings.RepeatTargets == RepeatTargets.SecondHalf ? length / 2 : 0;
        weights.AsSpan(first, length - first).Fill(1);
        return weights;
    }
}
