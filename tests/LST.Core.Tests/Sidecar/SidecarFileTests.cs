using LST.Core.Compression;
using LST.Core.Models.Checkpoints;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Tests.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>What is written comes back: options, parameters, scale.</summary>
public sealed class SidecarFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Kinds => [.. RandomSidecar.Kinds];

    [Theory, MemberData(nameof(Kinds))]
    public void A_file_in_float32_gives_back_every_bit(string kind)
    {
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config(kind, TinyModels.Gqa), 4);
        SidecarFile.Write(folder.File("a.safetensors"), sidecar, ScalarType.Float32);

        using var read = SidecarFile.Read(folder.File("a.safetensors"));

        Assert.Equal(sidecar.Config.ToJson(), read.Config.ToJson());
        Assert.Equal(sidecar.Config.ToJson(), SidecarFile.ReadConfig(folder.File("a.safetensors")).ToJson());
        Assert.Equal(sidecar.Parameters.Keys, read.Parameters.Keys);
        Assert.Equal(sidecar.ParameterCount, read.ParameterCount);
        foreach (var (name, parameter) in sidecar.Parameters) AssertSame(parameter, read.Parameters[name]);
        AssertSame(sidecar.Scale.Mean, read.Scale.Mean);
        AssertSame(sidecar.Scale.Deviation, read.Scale.Deviation);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Parameters_are_rounded_to_bfloat16_and_the_scale_is_not(string kind)
    {
        using var scope = NewDisposeScope();
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config(kind, TinyModels.Gqa), 4);
        SidecarFile.Write(folder.File("a.safetensors"), sidecar);

        using var read = SidecarFile.Read(folder.File("a.safetensors"));

        foreach (var (name, parameter) in sidecar.Parameters) AssertSame(parameter.to(bfloat16).to(float32), read.Parameters[name]);
        AssertSame(sidecar.Scale.Mean, read.Scale.Mean);
        AssertSame(sidecar.Scale.Deviation, read.Scale.Deviation);
        using var file = SafetensorsFile.Open(folder.File("a.safetensors"));
        Assert.All(file.Entries, entry => Assert.Equal(entry.Key is "input.mean" or "input.deviation" ? "F32" : "BF16", entry.Value.Format));
    }

    [Fact]
    public void Every_option_comes_back()
    {
        var config = RandomSidecar.Config("random-budgets", TinyModels.Gqa) with
        {
            Preset = "lst-large", Model = new SidecarModel("other", new string('a', 64), 3, 6, 2, 16), Ratios = ["3/2", "4"], LongestWindow = 7, SuperTokens = 2, Neighbours = 3,
            Sinks = "n/8", Recent = "2*r", Network = SidecarNetwork.PerHead, Hidden = 24, Rank = 9, EncoderLayers = 3, EncoderHeads = 6, FeedForward = 3, KeySpace = KeySpace.PostRope,
            Bias = SlotBias.LogMass, Norm = NormRule.Hard, Base = SuperTokenBase.Mean, Scaling = InputScaling.None, Refit = RefitProbes.Prefix, RefitStrength = 0.125, RefitQueries = 99,
            Training = new System.Text.Json.Nodes.JsonObject { ["steps"] = 5 },
        };

        var read = SidecarConfig.FromJson(config.ToJson(), "x");

        Assert.Equal(config.ToJson(), read.ToJson());
        foreach (var property in typeof(SidecarConfig).GetProperties().Where(p => p.PropertyType.IsValueType || p.PropertyType == typeof(string)))
            Assert.Equal(property.GetValue(config), property.GetValue(read));
        Assert.Equal(config.Ratios, read.Ratios);
        Assert.Equal(config.Model, read.Model);
        Assert.Equal(config.HeadSlots!.SelectMany(row => row), read.HeadSlots!.SelectMany(row => row));
        Assert.Equal(config.HeadRecent!.SelectMany(row => row), read.HeadRecent!.SelectMany(row => row));
        Assert.Equal(5, (int)read.Training!["steps"]!);
    }

    [Fact]
    public void Every_option_of_a_choice_comes_back()
    {
        var config = RandomSidecar.Config("random-choice-budgets", TinyModels.Gqa) with { ChoiceRank = 21, ChoiceHidden = 33, MergedShare = 0.375 };

        var read = SidecarConfig.FromJson(config.ToJson(), "x");

        Assert.Equal((TokenChoiceRule.Learned, SidecarNetwork.Means, 21, 33, 0.375), (read.Choice, read.Network, read.ChoiceRank, read.ChoiceHidden, read.MergedShare));
        Assert.Equal(config.ToJson(), read.ToJson());
        Assert.Contains("\"choice\":\"learned\"", config.ToJson());
        Assert.Contains("\"network\":\"means\"", config.ToJson());
    }

    [Theory]
    [InlineData("random-refit")]
    [InlineData("random-choice")]
    [InlineData("random-choice-budgets")]
    public void A_sidecar_that_is_read_compresses_as_the_one_that_was_written(string kind)
    {
        using var scope = NewDisposeScope();
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config(kind, TinyModels.Gqa), 4);
        SidecarFile.Write(folder.File("a.safetensors"), sidecar, ScalarType.Float32);
        using var read = SidecarFile.Read(folder.File("a.safetensors"));
        var context = RandomContext.Of(TinyModels.Gqa, 60, 3);

        using var expected = sidecar.Compress(context, Ratio.Of(2));
        using var actual = read.Compress(context, Ratio.Of(2));

        AssertSame(expected.Keys, actual.Keys);
        AssertSame(expected.Values, actual.Values);
        AssertSame(expected.Bias!, actual.Bias!);
    }

    [Fact]
    public void An_input_scale_is_mean_and_deviation_of_all_tokens_added()
    {
        using var scope = NewDisposeScope();
        var model = RandomSidecar.Config("random-trunk", TinyModels.Gqa).Model;
        using var builder = new InputScaleBuilder(model);
        var parts = Enumerable.Range(0, 6).Select(i => RandomContext.Of(TinyModels.Gqa, 10 + i, i, layer: i % 3)).ToList();
        Assert.Throws<InvalidOperationException>(() => builder.Build());
        foreach (var part in parts) builder.Add(part.Layer, part.Keys, part.Values);
        for (var l = 0; l < 3; l++) builder.Add(l, zeros(2, 0, 16), zeros(2, 0, 16));

        using var scale = builder.Build();

        for (var l = 0; l < 3; l++)
        {
            var all = cat([.. parts.Where(part => part.Layer == l).Select(part => cat([part.Keys, part.Values], 2))], 1).to(float64);
            Assert.InRange(PlainNumbers.Distance(all.mean([1]), scale.Mean[l]), 0, 1e-6);
            Assert.InRange(PlainNumbers.Distance(all.std(1, unbiased: false), scale.Deviation[l]), 0, 1e-6);
        }
    }

    [Fact]
    public void A_channel_that_never_changes_has_deviation_one()
    {
        using var scope = NewDisposeScope();
        using var builder = new InputScaleBuilder(new SidecarModel("m", null, 1, 1, 1, 2));
        builder.Add(0, full(1, 5, 2, 3f), arange(10, float32).view(1, 5, 2));

        using var scale = builder.Build();

        Assert.Equal([3, 3, 4, 5], PlainNumbers.Of(scale.Mean));
        Assert.InRange(PlainNumbers.Distance([1, 1, Math.Sqrt(8), Math.Sqrt(8)], PlainNumbers.Of(scale.Deviation)), 0, 1e-6);
    }

    [Fact]
    public void The_document_names_every_option_and_every_tensor()
    {
        var document = File.ReadAllText(Path.Combine(Shared.RepositoryRoot, "docs", "sidecar-format.md"));
        var config = RandomSidecar.Config("random-budgets", TinyModels.Gqa) with { Training = [], Model = new SidecarModel("m", "digest", 3, 6, 2, 16) };

        foreach (var (option, _) in System.Text.Json.Nodes.JsonNode.Parse(config.ToJson())!.AsObject()) Assert.Contains($"`{option}`", document);
        foreach (var (option, _) in System.Text.Json.Nodes.JsonNode.Parse(config.ToJson())!["model"]!.AsObject()) Assert.Contains($"`{option}`", document);
        foreach (var kind in Enum.GetValues<SidecarNetwork>())
            foreach (var shape in Core.Sidecar.Networks.SuperTokenNetworks.Shapes(RandomSidecar.Config(kind, TinyModels.Gqa) with { Choice = TokenChoiceRule.Learned }))
            {
                var name = shape.Name.Replace(".0.", ".i.").Replace(".1.", ".i.");
                Assert.Contains(name.StartsWith("encoder.") && name.EndsWith(".bias") ? $"`{name[..^5]}.weight`, `….bias`" : $"`{name}`", document);
            }
    }

    public void Dispose() => folder.Dispose();

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(float32, actual.dtype);
        Assert.Equal(PlainNumbers.Bits(expected), PlainNumbers.Bits(actual));
    }
}
