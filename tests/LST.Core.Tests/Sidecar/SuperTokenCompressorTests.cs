using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Tests.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>Which file the method takes, for which models, and what it says when there is none.</summary>
public sealed class SuperTokenCompressorTests : IDisposable
{
    private const string Digest = "0123456789abcdef", OtherDigest = "fedcba9876543210";

    private static readonly ModelConfig Shape = TinyModels.Gqa;

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Files_are_named_by_model_preset_and_ratio()
    {
        Assert.Equal("lst-2x.safetensors", SidecarSearch.FileName("lst", Ratio.Of(2)));
        Assert.Equal("paper-8x.safetensors", SidecarSearch.FileName("paper", Ratio.Of(8)));
        Assert.Equal("lst-1.5x.safetensors", SidecarSearch.FileName("lst", Ratio.Of(3, 2)));
    }

    [Fact]
    public void The_first_folder_that_has_the_file_wins()
    {
        var search = new SidecarSearch([folder.File("own"), folder.File("data")]);
        var second = Write("data/tiny/lst-2x.safetensors");
        Assert.Equal(second, search.Require("tiny", "lst", Ratio.Of(2)));

        var first = Write("own/tiny/lst-2x.safetensors");

        Assert.Equal(first, search.Find("tiny", "lst", Ratio.Of(2)));
        Assert.Null(search.Find("tiny", "lst", Ratio.Of(4)));
        Assert.Null(search.Find("tiny", "paper", Ratio.Of(2)));
        Assert.Null(search.Find("other", "lst", Ratio.Of(2)));
    }

    [Fact]
    public void Without_a_file_the_one_of_model_preset_and_ratio_is_taken()
    {
        var two = Write("tiny/lst-2x.safetensors", Named(["2"]));
        Write("tiny/lst-4x.safetensors", Named(["4"]) with { Hidden = 20 });
        Write("tiny/paper-2x.safetensors", RandomSidecar.Config("random-encoder", Shape) with { Preset = "paper" });
        using var lst = Attached("lst");
        using var paper = Attached("lst:preset=paper");

        Assert.Equal(["2"], lst.Of(Ratio.Of(2)).Config.Ratios);
        Assert.Equal(["4"], lst.Of(Ratio.Of(4)).Config.Ratios);
        Assert.Equal("paper", paper.Of(Ratio.Of(2)).Config.Preset);
        Assert.Equal(lst.Of(Ratio.Of(2)).ParameterCount, lst.Parameters(Ratio.Of(2)));
        Assert.NotEqual(lst.Parameters(Ratio.Of(2)), lst.Parameters(Ratio.Of(4)));
        Assert.Equal(0, lst.Parameters(Ratio.One));
        Assert.Null(lst.Missing(Ratio.Of(2)));
        Assert.Null(lst.Missing(Ratio.One));
        var details = lst.Details(Ratio.Of(2))!;
        Assert.Equal("lst-2x.safetensors", (string)details["file"]!);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(two))), (string)details["file-sha256"]!);
        Assert.Equal("trunk", (string)details["config"]!["network"]!);
        Assert.Null(lst.Details(Ratio.One));
    }

    [Fact]
    public void A_missing_file_is_told_before_and_refused_after_in_one_sentence()
    {
        Write("tiny/lst-2x.safetensors");
        using var lst = Attached("lst");

        Assert.Contains("no sidecar 'lst' of tiny at 3/2:1: lst is left out there", lst.Missing(Ratio.Of(3, 2)));
        var failure = Assert.Throws<SidecarException>(() => lst.Plan(new PlanContext(40, 3, 2, Ratio.Of(3, 2))));
        Assert.Contains("there is no sidecar 'lst' for model 'tiny' at 3/2:1 (tiny/lst-1.5x.safetensors in", failure.Message);
        Assert.Contains("./lst train --model tiny --preset lst --window-size 3/2", failure.Message);
        // Nothing is to be compressed, so that nothing is missing.
        Assert.Equal(40 * 6, lst.Plan(new PlanContext(40, 3, 2, Ratio.One)).Total);
    }

    [Fact]
    public void A_named_file_serves_all_ratios()
    {
        var path = Write("Mine.safetensors");
        using var lst = Attached(MethodSpec.ParseList("lst", sidecar: path)[0]);
        using var typed = Attached($"lst:sidecar={path}");

        Assert.Null(lst.Missing(Ratio.Of(8)));
        Assert.Same(lst.Of(Ratio.Of(2)), lst.Of(Ratio.Of(8)));
        Assert.Equal("Mine.safetensors", (string)typed.Details(Ratio.Of(4))!["file"]!);
    }

    [Fact]
    public void A_named_file_that_is_not_there_is_refused()
    {
        using var lst = Attached($"lst:sidecar={folder.File("nowhere.safetensors")}");

        Assert.Contains("there is no such sidecar file", Assert.Throws<SidecarException>(() => lst.Of(Ratio.Of(2))).Message);
    }

    [Fact]
    public void A_sidecar_of_another_shape_is_refused_with_both_shapes()
    {
        var path = Write("a.safetensors");
        foreach (var other in new[] { TinyModels.Mha, Shape with { Layers = 2 }, Shape with { QueryHeads = 2 }, Shape with { HeadDim = 8 } })
        {
            using var lst = new SuperTokenCompressor(MethodSpec.Parse($"lst:sidecar={path}").Options);
            lst.Attach(new ModelTarget("other", null, other));

            var failure = Assert.Throws<SidecarException>(() => lst.Of(Ratio.Of(2)));

            Assert.Contains("is for 3 layers of 6 query and 2 KV heads of width 16 (tiny), model 'other' has", failure.Message);
            Assert.Contains($"{other.Layers}, {other.QueryHeads}, {other.KeyValueHeads} and {other.HeadDim}", failure.Message);
        }
    }

    [Fact]
    public void A_sidecar_of_other_weights_is_refused()
    {
        var config = RandomSidecar.Config("random-trunk", Shape);
        var path = Write("a.safetensors", config with { Model = config.Model with { WeightsSha256 = Digest } });
        var shortened = Write("b.safetensors", config with { Model = config.Model with { WeightsSha256 = "abc" } });

        using (var lst = Attached($"lst:sidecar={path}", Digest)) lst.Of(Ratio.Of(2));
        using (var lst = Attached($"lst:sidecar={path}")) lst.Of(Ratio.Of(2));
        using (var lst = Attached($"lst:sidecar={path}", OtherDigest))
            Assert.Contains("was trained for the weights 0123456789ab… of 'tiny', the weights of model 'tiny' are fedcba987654…", Assert.Throws<SidecarException>(() => lst.Of(Ratio.Of(2))).Message);
        using (var lst = Attached($"lst:sidecar={shortened}", OtherDigest))
            Assert.Contains("weights abc of 'tiny'", Assert.Throws<SidecarException>(() => lst.Of(Ratio.Of(2))).Message);
    }

    [Fact]
    public void Another_model_of_the_same_shape_is_looked_at_anew()
    {
        var config = RandomSidecar.Config("random-trunk", Shape);
        var path = Write("a.safetensors", config with { Model = config.Model with { WeightsSha256 = Digest } });
        using var lst = Attached($"lst:sidecar={path}", Digest);
        lst.Of(Ratio.Of(2));

        lst.Attach(new ModelTarget("tiny", Digest, Shape));
        lst.Of(Ratio.Of(2));
        lst.Attach(new ModelTarget("tiny", OtherDigest, Shape));

        Assert.Throws<SidecarException>(() => lst.Of(Ratio.Of(2)));
    }

    [Fact]
    public void Untrained_is_the_preset_for_each_ratio_without_a_file()
    {
        using var lst = Attached("lst:preset=lst-large:sidecar=untrained");

        Assert.Null(lst.Missing(Ratio.Of(2)));
        Assert.Equal((SidecarNetwork.PerHead, 6), (lst.Of(Ratio.Of(2)).Config.Network, lst.Of(Ratio.Of(2)).Config.LongestWindow));
        Assert.Equal(12, lst.Of(Ratio.Of(8)).Config.LongestWindow);
        Assert.Null(lst.Details(Ratio.Of(2))!["file"]);
        Assert.Equal("lst-large", (string)lst.Details(Ratio.Of(2))!["config"]!["preset"]!);
    }

    [Fact]
    public void Many_compressions_of_many_lengths_leave_no_tensor_behind()
    {
        var path = Write("a.safetensors", RandomSidecar.Config("random-refit", Shape));
        using var scope = NewDisposeScope();
        var contexts = new[] { 40, 61, 90 }.Select(tokens => RandomContext.Of(Shape, tokens, tokens)).ToList();
        var start = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var lst = Attached($"lst:sidecar={path}"))
        {
            void Round()
            {
                foreach (var context in contexts)
                    foreach (var ratio in new[] { Ratio.Of(2), Ratio.Of(4), Ratio.Of(3, 2) }) lst.Compress(context, ratio).Dispose();
            }
            Round();
            var level = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

            for (var round = 0; round < 20; round++) Round();

            Assert.Equal(level, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
        Assert.Equal(start, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_network_in_memory_stays_the_callers()
    {
        using var scope = NewDisposeScope();
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config("random-trunk", Shape), 1);
        var context = RandomContext.Of(Shape, 40, 2);
        SuperTokenCompressor.Around(sidecar).Dispose();

        using var first = sidecar.Compress(context, Ratio.Of(2));
        using var second = sidecar.Compress(context, Ratio.Of(2));

        Assert.Equal(PlainNumbers.Bits(first.Keys), PlainNumbers.Bits(second.Keys));
        Assert.False(first.Keys.requires_grad);
    }

    public void Dispose() => folder.Dispose();

    private static SidecarConfig Named(IReadOnlyList<string> ratios) => RandomSidecar.Config("random-trunk", Shape) with { Ratios = ratios };

    private string Write(string name, SidecarConfig? config = null)
    {
        using var sidecar = RandomSidecar.Of(config ?? RandomSidecar.Config("random-trunk", Shape), 1);
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(name))!);
        SidecarFile.Write(folder.File(name), sidecar);
        return folder.File(name);
    }

    private SuperTokenCompressor Attached(string typed, string? digest = null) => Attached(MethodSpec.Parse(typed), digest);

    private SuperTokenCompressor Attached(MethodSpec spec, string? digest = null)
    {
        var compressor = new SuperTokenCompressor(spec.Options) { Search = new SidecarSearch([folder.Path]) };
        compressor.Attach(new ModelTarget("tiny", digest, Shape));
        return compressor;
    }
}
