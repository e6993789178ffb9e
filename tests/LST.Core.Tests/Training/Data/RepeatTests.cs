using CsCheck;
using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

public class RepeatTests
{
    [Fact]
    public void A_span_of_the_prefix_comes_again_at_the_start_of_the_targets() => Gen.Select(Gen.Long[0, 1_000_000], Gen.Int[2, 300], Gen.Int[1, 160]).Sample((index, prefix, suffix) =>
    {
        var settings = Samplers.Only(SequenceKinds.Repeat) with { PrefixMin = prefix, PrefixMax = prefix, Suffix = suffix, RepeatMax = 128, RepeatTargets = RepeatTargets.Span };

        var sequence = Samplers.Sampler(settings).At(index);

        var (length, start) = Span(sequence);
        Assert.InRange(length, Math.Min(32, Math.Min(suffix, prefix - 1)), Math.Min(128, Math.Min(suffix, prefix - 1)));
        Assert.InRange(start, 1, prefix - length);
        Assert.Equal(sequence.Ids[start..(start + length)], sequence.Targets[..length].ToArray());
        Assert.Equal(length, sequence.WeightSum);
    }, iter: 60, threads: 1);

    [Fact]
    public void Only_the_second_half_of_the_span_counts_by_default()
    {
        var sequence = Samplers.Sampler(Samplers.Only(SequenceKinds.Repeat)).At(4);

        var (length, _) = Span(sequence);
        Assert.Equal(Enumerable.Range(0, 160).Select(j => j >= length / 2 && j < length ? 1f : 0f), sequence.Weights!);
    }

    [Fact]
    public void The_whole_suffix_may_count()
    {
        var settings = Samplers.Only(SequenceKinds.Repeat) with { RepeatTargets = RepeatTargets.Suffix };

        Assert.Null(Samplers.Sampler(settings).At(4).Weights);
    }

    [Fact]
    public void The_rest_of_the_window_is_the_text_s_own()
    {
        var sequence = Samplers.Sampler(Samplers.Only(SequenceKinds.Repeat)).At(8);
        var (length, _) = Span(sequence);
        var stream = Samplers.Sources.Single(s => s.Name == sequence.Source).ToArray();

        var at = stream.AsSpan().IndexOf(Array.ConvertAll(sequence.Ids[1..(sequence.Prefix + 1)], id => (int)id));

        var behind = 1 + sequence.Prefix + length;
        Assert.Equal(stream[(at + behind - 1)..(at + sequence.Ids.Length - 1)].Select(id => (long)id), sequence.Ids[behind..]);
    }

    private static (int Length, int Start) Span(TrainingSequence sequence)
    {
        var parts = sequence.Detail.Split(" from ");
        return (int.Parse(parts[0]), int.Parse(parts[1]));
    }
}
