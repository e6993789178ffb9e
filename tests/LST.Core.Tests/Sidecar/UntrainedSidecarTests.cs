using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>With all learned parts at zero the presets are mean pooling with mass.</summary>
public class UntrainedSidecarTests
{
    public static TheoryData<string, string, int, string> Cases => [.. from preset in new[] { "lst", "lst-large" } from heads in new[] { "mha", "gqa" }
        from size in new[] { (40, "2"), (75, "2"), (131, "2"), (133, "4"), (300, "4"), (450, "8"), (613, "8"), (45, "3/2"), (200, "3/2") } select (preset, heads, size.Item1, size.Item2)];

    [Theory, MemberData(nameof(Cases))]
    public void Equals_mean_pooling_before_rotation_with_log_mass(string preset, string heads, int tokens, string r)
    {
        using var scope = NewDisposeScope();
        var (shape, ratio) = (heads == "mha" ? TinyModels.Mha : TinyModels.Gqa, Ratio.Parse(r));
        var context = RandomContext.Of(shape, tokens, tokens + 1, layer: 1);
        using var lst = MethodSpec.Parse($"lst:preset={preset}:sidecar=untrained").Create();
        using var mean = MethodSpec.Parse("mean:key-space=pre-rope:log-mass=true").Create();
        lst.Attach(new ModelTarget("tiny", null, shape));

        using var actual = lst.Compress(context, ratio);
        using var expected = mean.Compress(context, ratio);

        AssertEqual(expected, actual);
    }

    [Fact]
    public void An_input_scale_changes_nothing_until_something_is_learned()
    {
        using var scope = NewDisposeScope();
        var shape = TinyModels.Gqa;
        using var random = RandomSidecar.Of(RandomSidecar.Config(SidecarNetwork.Trunk, shape), 3);
        using var sidecar = SidecarModule.Untrained(random.Config, seed: 1, new InputScale(random.Scale.Mean.clone().DetachFromDisposeScope(), random.Scale.Deviation.clone().DetachFromDisposeScope()));
        var context = RandomContext.Of(shape, 90, 2);
        using var mean = MethodSpec.Parse("mean:key-space=pre-rope:log-mass=true").Create();

        using var actual = sidecar.Compress(context, Ratio.Of(2));
        using var expected = mean.Compress(context, Ratio.Of(2));

        AssertEqual(expected, actual);
    }

    [Fact]
    public void Of_the_paper_the_mean_of_rotated_keys_has_the_windows_mean_norm()
    {
        using var scope = NewDisposeScope();
        var shape = TinyModels.Mha;
        var context = RandomContext.Of(shape, 90, 2);
        using var paper = MethodSpec.Parse("lst:preset=paper:sidecar=untrained").Create();
        using var mean = MethodSpec.Parse("mean").Create();
        paper.Attach(new ModelTarget("tiny", null, shape));

        using var actual = paper.Compress(context, Ratio.Of(2));
        using var expected = mean.Compress(context, Ratio.Of(2));

        Assert.Null(actual.Bias);
        Assert.Equal(expected.Positions.ToArray(), actual.Positions.ToArray());
        foreach (var (made, pooled) in new[] { (actual.Keys, expected.Keys), (actual.Values, expected.Values) })
            Assert.InRange(PlainNumbers.Distance(pooled / pooled.norm(1, keepdim: true), made / made.norm(1, keepdim: true)), 0, 1e-5);
        Assert.True((actual.Keys.norm(1) - expected.Keys.norm(1)).min().item<float>() > -1e-5);
    }

    [Theory, InlineData("lst", 2), InlineData("lst", 4), InlineData("lst", 8)]
    public void The_preset_has_at_most_two_million_parameters_on_lst_ref(string preset, int ratio) => Assert.InRange(Count(preset, LstRef, ratio), 100_000, 2_000_000);

    [Theory, InlineData(2), InlineData(4), InlineData(8)]
    public void The_large_preset_has_at_most_four_million_parameters_on_lst_ref(int ratio) => Assert.InRange(Count("lst-large", LstRef, ratio), 1_000_000, 4_000_000);

    [Theory, InlineData(2), InlineData(4), InlineData(8)]
    public void The_preset_is_at_most_one_hundredth_of_smollm2_and_of_a_seven_billion_model(int ratio)
    {
        Assert.InRange(Count("lst", LstRef with { Layers = 30, QueryHeads = 9, KeyValueHeads = 3 }, ratio), 100_000, 1_345_000);
        Assert.InRange(Count("lst", SevenBillion, ratio), 1_000_000, 67_000_000);
    }

    [Theory, InlineData(2), InlineData(4), InlineData(8)]
    public void The_papers_preset_has_about_one_million_parameters(int ratio) => Assert.InRange(Count("paper", SevenBillion, ratio), 900_000, 1_200_000);

    [Fact]
    public void Unknown_presets_and_no_ratio_are_refused_in_one_sentence()
    {
        Assert.Contains("known: lst, lst-large, paper", Assert.Throws<UsageException>(() => SidecarPresets.Of("huge", "m", null, LstRef, Ratio.Of(2))).Message);
        Assert.Contains("at least one ratio", Assert.Throws<UsageException>(() => SidecarPresets.Of("lst", "m", null, LstRef)).Message);
    }

    private static ModelConfig LstRef => TinyModels.Mha with { Layers = 8, QueryHeads = 4, KeyValueHeads = 4, HeadDim = 64 };

    private static ModelConfig SevenBillion => TinyModels.Mha with { Layers = 32, QueryHeads = 32, KeyValueHeads = 32, HeadDim = 128 };

    private static long Count(string preset, ModelConfig shape, int ratio) => SidecarModule.CountParameters(SidecarPresets.Of(preset, "m", null, shape, Ratio.Of(ratio)));

    private static void AssertEqual(Core.Caching.CompressedLayer expected, Core.Caching.CompressedLayer actual)
    {
        Assert.Equal(expected.Offsets.ToArray(), actual.Offsets.ToArray());
        Assert.Equal(expected.Positions.ToArray(), actual.Positions.ToArray());
        Assert.Equal(expected.Counts, actual.Counts);
        Assert.True(actual.PositionsShared);
        Assert.InRange(PlainNumbers.Distance(expected.Keys, actual.Keys), 0, 1e-5);
        Assert.InRange(PlainNumbers.Distance(expected.Values, actual.Values), 0, 1e-5);
        Assert.InRange(PlainNumbers.Distance(expected.Bias!, actual.Bias!), 0, 1e-5);
    }
}
