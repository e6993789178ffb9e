using LST.Core.Compression;
using LST.Core.Losses;
using LST.Core.Losses.Probes;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Training;
using static LST.Core.Tests.Training.TrainingCases;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training;

public class TrainingStepTests
{
    private static readonly LossSettings Everything = new()
    {
        CrossEntropy = 0.7, Divergence = 1, Alignment = 0.4, Diversity = 0.2, ProbeCount = 8, AlignmentSettings = new AlignmentSettings { Normalization = AlignmentNormalization.Relative, LogSumExpWeight = 0.3 },
    };

    private static readonly LossSettings Nothing = new() { Divergence = 0, ProbeCount = 8 };

    public static MatrixTheoryData<SidecarNetwork, RefitProbes, SlotBias> Sidecars { get; } = new(Enum.GetValues<SidecarNetwork>(), [RefitProbes.None, RefitProbes.Prefix], [SlotBias.None, SlotBias.LogMass]);

    [Theory]
    [MemberData(nameof(Sidecars))]
    public void Kept_and_repeated_graphs_give_the_same_gradients(SidecarNetwork network, RefitProbes refit, SlotBias bias)
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = MadeSidecar(Config(model.Config, network) with { Refit = refit, RefitQueries = 6, Bias = bias });
        using var prepared = Prepared(model, Sequence(1));

        var (kept, expected) = Accumulate(model, sidecar, Everything, prepared);
        var (repeated, actual) = Accumulate(model, sidecar, Everything, prepared, graphBytes: 0);

        Assert.Equal(kept, repeated);
        foreach (var (name, gradient) in expected)
        {
            Assert.Contains(gradient, number => number != 0);
            Assert.Equal(gradient, actual[name]);
        }
    }

    [Fact]
    public void Ragged_heads_do_so_too()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        double[][] slots = [[0.5, 1.5], [1.2, 0.8], [1.4, 0.6]], recent = [[0.2, 0.9], [0, 0.5], [0.3, 0.3]];        // the second head has a wide window
        using var sidecar = MadeSidecar(Config(model.Config) with { HeadSlots = slots, HeadRecent = recent, LongestWindow = 9 });
        using var prepared = Prepared(model, Sequence(1));
        var losses = Everything with { Diversity = 0 };

        var (kept, expected) = Accumulate(model, sidecar, losses, prepared);
        var (repeated, actual) = Accumulate(model, sidecar, losses, prepared, graphBytes: 0);

        Assert.Equal(kept, repeated);
        Assert.All(expected, gradient => Assert.Equal(gradient.Value, actual[gradient.Key]));
        Assert.Contains("the same budget", Assert.Throws<UsageException>(() => { Accumulate(model, sidecar, Everything, prepared); }).Message);
    }

    [Fact]
    public void Losses_are_those_of_the_compressed_cache_and_of_the_dense_one()
    {
        using var model = TinyModels.Load(TinyModels.Mha);
        using var sidecar = MadeSidecar(Config(model.Config));
        using var prepared = Prepared(model, Sequence(1));
        using var scope = NewDisposeScope();
        using var frozen = no_grad();

        var (found, _) = Accumulate(model, sidecar, Nothing with { CrossEntropy = 1, Divergence = 1 }, prepared);

        var hidden = Compressed(model, sidecar, prepared);
        Assert.Equal(TokenLosses.Of(model, hidden, prepared.Sequence.Targets).Average(), found.CrossEntropy, 4);
        var (dense, compressed) = (model.Logits(prepared.DenseHidden).log_softmax(-1), model.Logits(hidden).log_softmax(-1));
        Assert.Equal((dense.exp() * (dense - compressed)).sum(-1).mean().item<float>(), found.Divergence, 4);
        // What the dense side says is what the model says of the whole text.
        using var cache = model.NewCache(1);
        var whole = model.Run(TinyModels.Row(prepared.Sequence.Ids.AsSpan(0, Prefix + Suffix)), cache)[0].narrow(0, Prefix, Suffix);
        Assert.True((whole - prepared.DenseHidden).abs().max().item<float>() < 1e-4);
    }

    public static TheoryData<string, LossSettings> Losses { get; } = new()
    {
        { "ce", Nothing with { CrossEntropy = 1 } },
        { "kl", Nothing with { Divergence = 1 } },
        { "qpaa", Nothing with { Alignment = 1 } },
        { "qpaa, mass", Nothing with { Alignment = 1, AlignmentSettings = new AlignmentSettings { LogSumExpWeight = 1 } } },
        { "qpaa, windows, mass", Nothing with { Alignment = 1, AlignmentForm = AlignmentForm.PerWindow, AlignmentSettings = new AlignmentSettings { LogSumExpWeight = 1, Weighting = WindowWeighting.MassWeighted } } },
    };

    [Theory]
    [MemberData(nameof(Losses), DisableDiscoveryEnumeration = true)]
    public void A_loss_reaches_every_parameter_of_every_network(string name, LossSettings losses)
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var prepared = Prepared(model, Sequence(1));
        foreach (var network in Enum.GetValues<SidecarNetwork>())
        {
            using var sidecar = MadeSidecar(Config(model.Config, network));
            var (found, gradients) = Accumulate(model, sidecar, losses, prepared);

            Assert.All(gradients, gradient => Assert.True(Norm(gradient.Value) is > 1e-9 and < 1e6, $"{name}, {network}: {gradient.Key} has a gradient of norm {Norm(gradient.Value)}"));
            Assert.Equal(losses.CrossEntropy > 0 || losses.Divergence > 0, found.CrossEntropy > 0);
            Assert.Equal((losses.Divergence > 0, losses.Alignment > 0, false), (found.Divergence > 0, found.Alignment > 0, found.Diversity > 0));
        }
    }

    [Fact]
    public void Within_a_window_keys_learn_from_their_mass_alone()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = MadeSidecar(Config(model.Config, SidecarNetwork.Encoder) with { Norm = NormRule.None });
        using var prepared = Prepared(model, Sequence(1));
        var plain = Nothing with { Alignment = 1, AlignmentForm = AlignmentForm.PerWindow };
        var massive = plain with { AlignmentSettings = new AlignmentSettings { LogSumExpWeight = 1 } };
        double Keys(LossSettings losses) => Norm(Accumulate(model, sidecar, losses, prepared).Gradients["output.bias"][..model.Config.HeadDim]);
        double Values(LossSettings losses) => Norm(Accumulate(model, sidecar, losses, prepared).Gradients["output.bias"][model.Config.HeadDim..]);

        Assert.Equal(0, Keys(plain));
        Assert.True(Keys(massive) > 1e-4);
        Assert.True(Values(plain) > 1e-4);
    }

    [Theory]
    [InlineData("isotropic")]
    [InlineData("rescaled")]
    [InlineData("gaussian")]
    [InlineData("prefix")]
    [InlineData("repeat")]
    public void Every_source_of_probes_gives_another_loss_and_the_same_one_again(string probes)
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        var losses = Nothing with { Alignment = 1, Probes = probes };
        var options = Options(Config(model.Config)) with { Losses = losses };
        var (scale, statistics) = new Calibration(model, options, RandomData()).Measure(TestContext.Current.CancellationToken);
        using var measured = scale;
        using var sidecar = MadeSidecar(options.Sidecar);
        using var prepared = Prepared(model, Sequence(1));

        var (first, gradients) = Accumulate(model, sidecar, losses, prepared, statistics: statistics);
        var (second, again) = Accumulate(model, sidecar, losses, prepared, statistics: statistics);
        var (other, _) = Accumulate(model, sidecar, losses with { ProbeCount = 9 }, prepared, statistics: statistics);

        Assert.Equal(probes is "rescaled" or "gaussian", statistics is not null);
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
        Assert.All(gradients, gradient => Assert.Equal(gradient.Value, again[gradient.Key]));
        Assert.True(gradients.Values.Max(Norm) > 1e-6);
        foreach (var layer in statistics ?? []) layer.Dispose();
    }

    [Theory]
    [InlineData(DiversityKind.Cosine)]
    [InlineData(DiversityKind.LogDeterminant)]
    [InlineData(DiversityKind.VarianceFloor)]
    public void Every_kind_of_diversity_reaches_the_parameters(DiversityKind kind)
    {
        using var model = TinyModels.Load(TinyModels.Mha);
        using var sidecar = MadeSidecar(Config(model.Config));
        using var prepared = Prepared(model, Sequence(1));
        // Diversity alone is nothing to train on, so that a loss that the same seed repeats is taken off.
        var without = Accumulate(model, sidecar, Nothing with { Divergence = 1 }, prepared);
        var with = Accumulate(model, sidecar, Nothing with { Divergence = 1, Diversity = 3, DiversitySettings = new DiversitySettings { Kind = kind } }, prepared);

        Assert.NotEqual(0, with.Losses.Diversity);
        Assert.Equal(without.Losses.Divergence, with.Losses.Divergence);
        foreach (var name in new[] { "head.delta", "head.project", "trunk.out" }) Assert.True(Difference(without.Gradients[name], with.Gradients[name]) > 1e-4, name);
    }

    [Fact]
    public void Targets_of_weight_zero_teach_nothing_and_double_weights_are_the_same_as_single_ones()
    {
        using var model = TinyModels.Load(TinyModels.Mha);
        using var sidecar = MadeSidecar(Config(model.Config));
        var losses = Nothing with { CrossEntropy = 1, Divergence = 1 };
        float[] weights = [0, 1, 0.5f, 0, 1, 0, 0, 0.25f, 0];
        var sequence = Sequence(1, weights: weights);
        var others = sequence with { Ids = [.. sequence.Ids[..^1], (sequence.Ids[^1] + 1) % TinyModels.Vocabulary] };
        (StepLosses, Dictionary<string, float[]>) Of(Core.Training.Data.TrainingSequence asked)
        {
            using var prepared = Prepared(model, asked);
            return Accumulate(model, sidecar, losses, prepared);
        }

        var (expected, gradients) = Of(sequence);
        var (changed, ofChanged) = Of(others);
        var (doubled, ofDoubled) = Of(sequence with { Weights = [.. weights.Select(weight => 2 * weight)] });
        var (flat, _) = Of(sequence with { Weights = null });

        Assert.Equal(expected, changed);
        Assert.All(gradients, gradient => Assert.Equal(gradient.Value, ofChanged[gradient.Key]));
        Assert.Equal(expected.CrossEntropy, doubled.CrossEntropy, 6);
        Assert.All(gradients, gradient => Assert.True(Difference(gradient.Value, ofDoubled[gradient.Key]) < 1e-5));
        Assert.NotEqual(expected.CrossEntropy, flat.CrossEntropy);
    }

    [Theory]
    [InlineData(41, 9, 2)]
    [InlineData(30, 1, 2)]
    [InlineData(57, 33, 3)]
    [InlineData(6, 4, 2)]
    public void Sequences_of_any_length_add_up_to_their_mean(int prefix, int suffix, int ratio)
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = MadeSidecar(Config(model.Config) with { LongestWindow = 5 });
        using var one = Prepared(model, Sequence(1, prefix, suffix));
        using var two = Prepared(model, Sequence(2));
        var (_, first) = Accumulate(model, sidecar, Everything, one, ratio: Ratio.Of(ratio));
        var (_, second) = Accumulate(model, sidecar, Everything with { Alignment = 0 }, two);
        foreach (var parameter in sidecar.Parameters.Values) parameter.grad!.zero_();

        using var generator = new Generator(17, CPU);
        new TrainingStep(model, sidecar, Everything, null).Accumulate(one, Ratio.Of(ratio), 0.5, generator);
        new TrainingStep(model, sidecar, Everything with { Alignment = 0 }, null).Accumulate(two, Ratio.Of(2), 0.5, generator);

        var sum = Gradients(sidecar);
        foreach (var (name, gradient) in sum)
            Assert.True(Difference(gradient, [.. first[name].Zip(second[name], (a, b) => (a + b) / 2)]) < 1e-4, name);
    }

    [Fact]
    public void A_prefix_of_wide_windows_alone_teaches_nothing()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        double[][] all = [[1, 1], [1, 1], [1, 1]], recent = [[0.85, 0.85], [0.85, 0.85], [0.85, 0.85]];
        using var sidecar = MadeSidecar(Config(model.Config) with { HeadSlots = all, HeadRecent = recent });
        using var prepared = Prepared(model, Sequence(1));

        foreach (var form in Enum.GetValues<AlignmentForm>())
        {
            var (losses, gradients) = Accumulate(model, sidecar, Everything with { AlignmentForm = form }, prepared);

            Assert.True(losses.Divergence > 0);
            Assert.All(gradients, gradient => Assert.Equal(0, Norm(gradient.Value)));
        }
    }

    [Fact]
    public void A_prefix_that_stays_as_it_is_teaches_nothing()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = MadeSidecar(Config(model.Config));
        using var prepared = Prepared(model, Sequence(1, prefix: 1));

        var (losses, gradients) = Accumulate(model, sidecar, Everything, prepared);

        Assert.True(losses.CrossEntropy > 0);
        Assert.Equal(0, losses.Divergence, 5);
        Assert.All(gradients, gradient => Assert.Equal(0, Norm(gradient.Value)));
    }

    private static Tensor Compressed(LanguageModel model, SidecarModule sidecar, PreparedPrefix prepared)
    {
        using var cache = model.NewCache(1, 1);
        cache.NextPositions[0] = Prefix;
        var compressor = SuperTokenCompressor.Around(sidecar);
        compressor.Attach(model.Target);
        var plan = compressor.Plan(new PlanContext(Prefix, model.Config.Layers, model.Config.KeyValueHeads, Ratio.Of(2)));
        for (var l = 0; l < model.Config.Layers; l++) cache.Layers[l].Replace(compressor.Compress(prepared.Context(l, model), plan.Layers[l]));
        compressor.Dispose();
        return model.Run(TinyModels.Row(prepared.Sequence.Inputs), cache, new SegmentOptions { Append = false })[0];
    }
}
