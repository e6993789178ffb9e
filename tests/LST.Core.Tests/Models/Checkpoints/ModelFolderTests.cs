using System.Security.Cryptography;
using LST.Core.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models.Checkpoints;

public class ModelFolderTests
{
    [Theory]
    [InlineData("llama2-mha-fp32")]
    [InlineData("llama3-gqa-bf16")]
    [InlineData("mistral-swa-fp32")]
    [InlineData("llama-headdim-bias-fp32")]
    [InlineData("qwen2-bias-fp32")]
    public void Embeddings_of_the_golden_folders_are_the_first_hidden_states(string name)
    {
        using var scope = NewDisposeScope();
        var path = Shared.Require($"goldens/hf/{name}");
        using var model = ModelFolder.Open(path);
        using var expected = SafetensorsFile.Open(Path.Combine(path, "expected.safetensors"));

        var embedding = model.Load("model.embed_tokens.weight", ScalarType.Float32, CPU);
        var looked = embedding.index_select(0, expected.ReadTensor("input_ids").view(-1));

        Assert.Equal(0, (looked - expected.ReadTensor("hidden.0").view(-1, model.Config.HiddenSize)).abs().max().item<float>());
        Assert.Equal(name, model.ShortName);
        Assert.Empty(model.Metadata);
    }

    [Fact]
    public void Shards_are_the_single_file_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        using var whole = ModelFolder.Open(Shared.Require("goldens/hf/llama2-mha-fp32"));
        using var parts = ModelFolder.Open(Shared.Require("goldens/hf/llama2-mha-sharded"));

        Assert.Equal(whole.Weights.Select(weight => weight.Name), parts.Weights.Select(weight => weight.Name));
        foreach (var weight in whole.Weights)
            Assert.True(whole.Load(weight.Name, ScalarType.Float32, CPU).Equals(parts.Load(weight.Name, ScalarType.Float32, CPU)), weight.Name);
        Assert.Equal(64, parts.WeightsSha256().Length);
        Assert.NotEqual(whole.WeightsSha256(), parts.WeightsSha256());
    }

    [Fact]
    public void Half_precision_weights_are_the_rounded_single_precision_ones()
    {
        using var scope = NewDisposeScope();
        using var single = ModelFolder.Open(Shared.Require("goldens/hf/llama2-mha-fp32"));
        using var half = ModelFolder.Open(Shared.Require("goldens/hf/llama2-mha-fp16"));

        foreach (var weight in single.Weights)
        {
            var rounded = single.Load(weight.Name, ScalarType.Float16, CPU);
            Assert.True(rounded.Equals(half.Load(weight.Name, ScalarType.Float16, CPU)), weight.Name);
            Assert.True(rounded.to(ScalarType.Float32).Equals(half.Load(weight.Name, ScalarType.Float32, CPU)), weight.Name);
        }
    }

    [Fact]
    public void The_hash_of_a_single_file_is_the_files_own()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelFolder.Open(TinyFolder.Write(folder));

        var expected = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder.File("model.safetensors"))));

        Assert.Equal(expected, model.WeightsSha256());
        Assert.Equal(expected, model.WeightsSha256());
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Weights_load_in_the_asked_type_and_stated_shape_and_leave_nothing_alive(ScalarType type)
    {
        using var folder = new TemporaryFolder();
        using var model = ModelFolder.Open(TinyFolder.Write(folder));
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

        foreach (var weight in model.Weights)
        {
            using var tensor = model.Load(weight.Name, type, CPU);
            Assert.Equal(type, tensor.dtype);
            Assert.Equal(weight.Shape, tensor.shape);
            Assert.Equal("F32", weight.Format);
            Assert.Equal(weight.Elements * 4, weight.StoredBytes);
        }
        model.ReleasePages();

        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Sharded_folders_of_our_own_open_and_ignore_other_files()
    {
        using var folder = new TemporaryFolder();
        TinyFolder.WriteShards(folder);
        folder.Write("pytorch_model.bin", "not looked at");

        using var model = ModelFolder.Open(folder.Path + Path.DirectorySeparatorChar, "short");

        Assert.Equal("short", model.ShortName);
        Assert.Equal(3 + 2 * 9, model.Weights.Count);
    }

    [Fact]
    public void Rotary_buffers_are_ignored_and_not_listed()
    {
        using var folder = new TemporaryFolder();
        TinyFolder.Write(folder, change: weights => weights["model.layers.0.self_attn.rotary_emb.inv_freq"] = ones(2));

        using var model = ModelFolder.Open(folder.Path);

        Assert.DoesNotContain(model.Weights, weight => weight.Name.Contains("inv_freq"));
    }

    [Fact]
    public void A_redundant_head_is_allowed_when_it_repeats_the_embedding()
    {
        using var folder = new TemporaryFolder();
        TinyFolder.Write(folder, Tied, weights => weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone());
        using var model = ModelFolder.Open(folder.Path);

        using var embedding = model.Load("model.embed_tokens.weight", ScalarType.Float32, CPU);
        var error = Assert.Throws<ModelFileException>(() => model.Load("lm_head.weight", ScalarType.Float32, CPU));

        Assert.Equal([16, 8], embedding.shape);
        Assert.Contains("has no weight", error.Message);
    }

    [Fact]
    public void A_head_that_differs_from_a_tied_embedding_is_refused_when_the_embedding_is_loaded()
    {
        using var folder = new TemporaryFolder();
        TinyFolder.Write(folder, Tied, weights => weights["lm_head.weight"] = weights["model.embed_tokens.weight"] + 1);
        using var model = ModelFolder.Open(folder.Path);

        var error = Assert.Throws<ModelFileException>(() => model.Load("model.embed_tokens.weight", ScalarType.Float32, CPU));

        Assert.Contains("it differs", error.Message);
    }

    public static TheoryData<string, Action<TemporaryFolder>, string> Broken => new()
    {
        { "empty folder", _ => { }, "config.json is missing" },
        { "no weights", folder => folder.Write("config.json", TinyFolder.Config), "must hold model.safetensors or model.safetensors.index.json; it has neither" },
        { "pickle", folder => { folder.Write("config.json", TinyFolder.Config); folder.Write("pytorch_model.bin", "x"); }, "pytorch_model.bin is a pickle file, which can run any program" },
        { "pt", folder => { folder.Write("config.json", TinyFolder.Config); folder.Write("consolidated.00.pth", "x"); }, "is a pickle file" },
        { "broken generation config", folder => { TinyFolder.Write(folder); folder.Write("generation_config.json", "{"); }, "generation_config.json must be valid JSON" },
        { "empty weights", folder => { folder.Write("config.json", TinyFolder.Config); folder.Write("model.safetensors", ""); }, "is not a valid safetensors file" },
        { "missing weight", folder => TinyFolder.Write(folder, change: weights => weights.Remove("model.layers.1.mlp.up_proj.weight")), "model.layers.1.mlp.up_proj.weight is missing" },
        { "missing head", folder => TinyFolder.Write(folder, change: weights => weights.Remove("lm_head.weight")), "lm_head.weight is missing, though config.json does not tie it" },
        { "unexpected weight", folder => TinyFolder.Write(folder, change: weights => weights["model.layers.2.mlp.up_proj.weight"] = ones(1)), "\"model.layers.2.mlp.up_proj.weight\" is unexpected" },
        { "unexpected bias", folder => TinyFolder.Write(folder, change: weights => weights["model.layers.0.self_attn.q_proj.bias"] = ones(8)), "q_proj.bias\" is unexpected" },
        { "wrong shape", folder => TinyFolder.Write(folder, change: weights => weights["model.norm.weight"] = ones(9)), "must have the shape [8] that config.json asks for; found [9]" },
        { "transposed", folder => TinyFolder.Write(folder, change: weights => weights["model.layers.0.mlp.up_proj.weight"] = ones(8, 12)), "must have the shape [12, 8]" },
        { "whole numbers", folder => TinyFolder.Write(folder, change: weights => weights["model.norm.weight"] = ones(8, dtype: ScalarType.Int32)), "weights must be F32, BF16, F16; model.norm.weight is I32" },
        { "tied head of another shape", folder => TinyFolder.Write(folder, Tied, weights => weights["lm_head.weight"] = ones(3)), "must be absent or equal" },
        { "missing shard", folder => { TinyFolder.WriteShards(folder); File.Delete(folder.File(TinyFolder.Shard(2))); }, "model-00002-of-00002.safetensors is missing" },
        { "shard truncated", folder => { TinyFolder.WriteShards(folder); Truncate(folder.File(TinyFolder.Shard(2))); }, "a truncated copy?" },
        { "path up", folder => TinyFolder.WriteShards(folder, map => map["lm_head.weight"] = "../other.safetensors"), "plain names of .safetensors files beside the index; found \"../other.safetensors\"" },
        { "path absolute", folder => TinyFolder.WriteShards(folder, map => map["lm_head.weight"] = "/etc/x.safetensors"), "plain names" },
        { "path with backslash", folder => TinyFolder.WriteShards(folder, map => map["lm_head.weight"] = "..\\x.safetensors"), "plain names" },
        { "shard a pickle", folder => TinyFolder.WriteShards(folder, map => map["lm_head.weight"] = "x.bin"), "plain names" },
        { "index names a tensor too many", folder => TinyFolder.WriteShards(folder, map => map["more"] = TinyFolder.Shard(1)), "\"more\" is missing from model-00001-of-00002.safetensors" },
        { "index forgets a tensor", folder => TinyFolder.WriteShards(folder, map => map.Remove("lm_head.weight")), "must stand in the index; \"lm_head.weight\"" },
        { "tensor in the other shard", folder => TinyFolder.WriteShards(folder, map => map["lm_head.weight"] = TinyFolder.Shard(1)), "should be in model-00001-of-00002.safetensors and is in model-00002-of-00002.safetensors" },
        { "tensor in two shards", folder => TinyFolder.WriteShards(folder, inBoth: "lm_head.weight"), "must stand in one shard; \"lm_head.weight\"" },
        { "index without map", folder => { TinyFolder.WriteShards(folder); folder.Write("model.safetensors.index.json", "{}"); }, "\"weight_map\" is missing" },
        { "index with empty map", folder => { TinyFolder.WriteShards(folder); folder.Write("model.safetensors.index.json", """{"weight_map":{}}"""); }, "it is empty" },
        { "index with numbers", folder => { TinyFolder.WriteShards(folder); folder.Write("model.safetensors.index.json", """{"weight_map":{"a":1}}"""); }, "\"a\" must be a string" },
        { "index with a tensor twice", folder => { TinyFolder.WriteShards(folder); folder.Write("model.safetensors.index.json", """{"weight_map":{"a":"b","a":"b"}}"""); }, "unique keys" },
    };

    private static string Tied => TinyFolder.Config.TrimEnd().TrimEnd('}') + ", \"tie_word_embeddings\": true}";

    [Theory, MemberData(nameof(Broken), DisableDiscoveryEnumeration = true)]
    public void Every_broken_folder_is_refused_with_one_sentence(string name, Action<TemporaryFolder> build, string phrase)
    {
        using var folder = new TemporaryFolder();
        build(folder);

        var error = Assert.Throws<ModelFileException>(() => ModelFolder.Open(folder.Path));

        Assert.True(error.Message.Contains(phrase), $"{name}: {error.Message}");
        Assert.StartsWith(folder.Path, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_one_sentence()
    {
        var error = Assert.Throws<ModelFileException>(() => ModelFolder.Open("no-such-folder"));

        Assert.Contains("there is none", error.Message);
    }

    private static void Truncate(string path)
    {
        using var stream = new FileStream(path, FileMode.Open);
        stream.SetLength(stream.Length - 1);
    }
}
