using System.Runtime.InteropServices;
using System.Security.Cryptography;
using CsCheck;
using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

public class SequenceSamplerTests
{
    [Fact]
    public void An_index_gives_the_same_sequence_however_it_is_reached()
    {
        var sampler = Samplers.Sampler(Samplers.Small);
        var forward = Enumerable.Range(0, 24).Select(i => sampler.At(i)).ToArray();

        var resumed = Samplers.Sampler(Samplers.Small);
        var backward = Enumerable.Range(0, 24).Reverse().Select(i => resumed.At(i)).Reverse().ToArray();
        var parallel = Enumerable.Range(0, 24).AsParallel().AsOrdered().Select(i => sampler.At(i)).ToArray();

        for (var i = 0; i < forward.Length; i++)
        {
            AssertSame(forward[i], backward[i]);
            AssertSame(forward[i], parallel[i]);
        }
    }

    private static void AssertSame(TrainingSequence expected, TrainingSequence actual)
    {
        Assert.Equal(expected.Ids, actual.Ids);
        Assert.Equal(expected.Weights, actual.Weights);
        Assert.Equal(expected with { Ids = actual.Ids, Weights = actual.Weights }, actual);
    }

    [Fact]
    public void The_list_is_that_of_earlier_builds_because_resumed_runs_depend_on_it()
    {
        var sampler = Samplers.Sampler(Samplers.Small);

        var ids = Enumerable.Range(0, 24).SelectMany(i => sampler.At(i).Ids).ToArray();

        // Where this changes on purpose, the version in the sampler's digest has to go up.
        Assert.Equal("b3d068a9402c3ee4", Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<long>(ids)))[..16]);
    }

    [Fact]
    public void Another_seed_or_index_gives_another_sequence()
    {
        var (one, other) = (Samplers.Sampler(Samplers.Small), Samplers.Sampler(Samplers.Small, seed: 6));

        var all = Enumerable.Range(0, 15).SelectMany(i => new[] { one.At(i), other.At(i) }).Select(s => string.Join(' ', s.Ids));

        Assert.Equal(30, all.Distinct().Count());
        Assert.NotEqual(one.Sha256, other.Sha256);
    }

    [Fact]
    public void Every_sequence_has_the_shape_that_it_says() => Gen.Long[0, 1_000_000].Sample(index =>
    {
        var sequence = Samplers.Sampler(Samplers.Small).At(index);

        Assert.Equal(Samplers.Bos, sequence.Ids[0]);
        Assert.Equal(sequence.Prefix + sequence.Suffix + 1, sequence.Ids.Length);
        Assert.InRange(sequence.Prefix, 1, 400);
        Assert.InRange(sequence.Suffix, 1, 160);
        Assert.Equal(sequence.Suffix, sequence.Weights?.Length ?? sequence.Suffix);
        Assert.All(sequence.Ids, id => Assert.InRange(id, 0, Samplers.Tokenizer.VocabularySize - 1));
        Assert.Contains(sequence.Kind, SequenceKinds.All);
        Assert.True(sequence.WeightSum > 0);
    }, iter: 60, threads: 1);

    [Fact]
    public void Kinds_and_sources_are_drawn_by_their_weights()
    {
        var settings = Samplers.Small with
        {
            PrefixMin = 100, PrefixMax = 140, Suffix = 20, Kinds = new KindWeights(3, 1, 0, 0), SourceWeights = new Dictionary<string, double> { ["hills"] = 1, ["rivers"] = 4 },
        };
        var sampler = Samplers.Sampler(settings);

        var drawn = Enumerable.Range(0, 4000).Select(i => sampler.At(i)).ToArray();

        // Five standard deviations of the binomials.
        Assert.InRange(drawn.Count(s => s.Kind == SequenceKinds.Text), 3000 - 137, 3000 + 137);
        Assert.InRange(drawn.Count(s => s.Source == "rivers"), 3200 - 127, 3200 + 127);
        Assert.Equal(Enumerable.Range(100, 41), drawn.Select(s => s.Prefix).Distinct().Order());
        Assert.Equal(4000, drawn.Count(s => s.Kind is SequenceKinds.Text or SequenceKinds.Repeat));
    }

    [Fact]
    public void A_text_window_is_a_piece_of_its_source_behind_bos() => Gen.Long[0, 1_000_000].Sample(index =>
    {
        var sequence = Samplers.Sampler(Samplers.Only(SequenceKinds.Text)).At(index);
        var stream = Samplers.Sources.Single(s => s.Name == sequence.Source).ToArray();

        Assert.Equal((400, 160), (sequence.Prefix, sequence.Suffix));
        Assert.Null(sequence.Weights);
        Assert.True(stream.AsSpan().IndexOf(Array.ConvertAll(sequence.Ids[1..], id => (int)id)) >= 0);
    }, iter: 30, threads: 1);

    [Fact]
    public void The_digest_tells_settings_apart()
    {
        MixtureSettings[] all =
        [
            Samplers.Small, Samplers.Small with { PrefixMin = 399 }, Samplers.Small with { QuestionWeight = 0.2f }, Samplers.Small with { RecallTemplates = "AB" },
            Samplers.Small with { SourceWeights = new Dictionary<string, double> { ["hills"] = 1 } },
            Samplers.Small with { SourceWeights = new Dictionary<string, double> { ["hills"] = 2 } },
        ];

        Assert.Equal(all.Length, all.Select(settings => Samplers.Sampler(settings).Sha256).Distinct().Count());
        Assert.Equal(Samplers.Sampler(Samplers.Small).Sha256, Samplers.Sampler(Samplers.Small).Sha256);
    }
}
