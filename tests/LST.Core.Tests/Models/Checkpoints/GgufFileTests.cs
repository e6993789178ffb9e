using System.Diagnostics;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models.Checkpoints;

public class GgufFileTests
{
    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void Both_versions_give_the_shape_of_the_model(uint version)
    {
        using var folder = new TemporaryFolder();
        var builder = GgufBuilder.Tiny();
        builder.Version = version;

        using var model = GgufFile.Open(folder.Write("tiny.gguf", builder.ToBytes()));

        var expected = HuggingFaceConfig.FromJson(TinyFolder.Config);
        Assert.Equal(expected with { EosIds = [] }, model.Config with { EosIds = [] });
        Assert.Equal(expected.EosIds, model.Config.EosIds);
        Assert.Equal("tiny", model.ShortName);
        Assert.Equal(WeightPlan.Of(expected).Select(weight => weight.Name), model.Weights.Select(weight => weight.Name));
        Assert.Equal([12, 8], model.Weights.Single(weight => weight.Name == "model.layers.1.mlp.gate_proj.weight").Shape);
    }

    [Fact]
    public void Query_and_key_rows_of_llama_files_come_back_half_split()
    {
        using var folder = new TemporaryFolder();
        using var model = GgufFile.Open(folder.Write("tiny.gguf", GgufBuilder.Tiny(bias: true).ToBytes()));
        var weights = model.Weights.Select(weight => weight.Name).ToList();

        foreach (var part in new[] { "q", "k" })
        {
            var name = $"model.layers.1.self_attn.{part}_proj";
            using var weight = model.Load($"{name}.weight", ScalarType.Float32, CPU);
            using var bias = model.Load($"{name}.bias", ScalarType.Float32, CPU);
            var heads = part == "q" ? 2 : 1;

            // Stored rows count up; row (head, pair, half) of the file belongs at (head, half, pair).
            var first = 1000f * weights.IndexOf($"{name}.weight");
            using var stored = (torch.arange(heads * 4 * 8, dtype: ScalarType.Float32) + first).reshape(heads, 2, 2, 8).transpose(1, 2).reshape(heads * 4, 8);
            Assert.True(stored.Equals(weight));
            var firstBias = 1000f * weights.IndexOf($"{name}.bias");
            using var storedBias = (torch.arange(heads * 4, dtype: ScalarType.Float32) + firstBias).reshape(heads, 2, 2).transpose(1, 2).reshape(heads * 4);
            Assert.True(storedBias.Equals(bias));
        }
    }

    [Fact]
    public void Values_of_llama_files_and_everything_of_qwen2_files_keep_their_rows()
    {
        using var folder = new TemporaryFolder();
        using var llama = GgufFile.Open(folder.Write("llama.gguf", GgufBuilder.Tiny().ToBytes()));
        using var qwen = GgufFile.Open(folder.Write("qwen.gguf", GgufBuilder.Tiny("qwen2", tied: true, bias: true).ToBytes()));

        using var value = llama.Load("model.layers.0.self_attn.v_proj.weight", ScalarType.Float32, CPU);
        using var query = qwen.Load("model.layers.0.self_attn.q_proj.weight", ScalarType.Float32, CPU);
        using var bias = qwen.Load("model.layers.0.self_attn.q_proj.bias", ScalarType.Float32, CPU);

        AssertCountsUp(value);
        AssertCountsUp(query);
        AssertCountsUp(bias);
        Assert.True(qwen.Config is { ModelType: "qwen2", TiedHead: true, QkvBias: true, OutputBias: false, MlpBias: false });
        Assert.True(llama.Config is { TiedHead: false, QkvBias: false });
    }

    [Fact]
    public void A_sliding_window_is_read_for_llama_files_and_scaling_by_one_is_none()
    {
        using var folder = new TemporaryFolder();
        var builder = GgufBuilder.Tiny().Set("llama.attention.sliding_window", GgufBuilder.UInt32(20))
            .Set("llama.rope.scaling.type", GgufBuilder.Text("linear")).Set("llama.rope.scaling.factor", GgufBuilder.Float32(1));
        var qwen = GgufBuilder.Tiny("qwen2", bias: true).Set("qwen2.attention.sliding_window", GgufBuilder.UInt32(20)).Set("qwen2.rope.scaling.type", GgufBuilder.Text("none"));

        using var model = GgufFile.Open(folder.Write("llama.gguf", builder.ToBytes()));
        using var other = GgufFile.Open(folder.Write("qwen.gguf", qwen.ToBytes()));

        Assert.Equal(20, model.Config.SlidingWindow);
        Assert.Null(model.Config.RopeScaling);
        Assert.Null(other.Config.SlidingWindow);
    }

    [Fact]
    public void Metadata_keep_their_values_in_the_documented_types()
    {
        using var folder = new TemporaryFolder();
        var builder = GgufBuilder.Tiny()
            .Set("a.u8", GgufBuilder.UInt8(200)).Set("a.i32", GgufBuilder.Int32(-5)).Set("a.bool", GgufBuilder.Bool(1))
            .Set("a.small", GgufBuilder.UInt64(7)).Set("a.large", GgufBuilder.UInt64(ulong.MaxValue)).Set("a.f32", GgufBuilder.Float32(0.5f))
            .Set("a.bools", GgufBuilder.Array(7, 3, [1, 0, 1])).Set("a.i8s", GgufBuilder.Array(1, 2, [255, 1]))
            .Set("a.floats", GgufBuilder.Array(6, 1, BitConverter.GetBytes(2.5f))).Set("a.texts", GgufBuilder.TextArray("ä", ""));

        using var model = GgufFile.Open(folder.Write("tiny.gguf", builder.ToBytes()));

        Assert.Equal("llama", model.Metadata["general.architecture"]);
        Assert.Equal(200L, model.Metadata["a.u8"]);
        Assert.Equal(-5L, model.Metadata["a.i32"]);
        Assert.Equal(true, model.Metadata["a.bool"]);
        Assert.Equal(7L, model.Metadata["a.small"]);
        Assert.Equal(ulong.MaxValue, model.Metadata["a.large"]);
        Assert.Equal(0.5, model.Metadata["a.f32"]);
        Assert.Equal(new[] { true, false, true }, model.Metadata["a.bools"]);
        Assert.Equal(new[] { -1L, 1L }, model.Metadata["a.i8s"]);
        Assert.Equal(new[] { 2.5 }, model.Metadata["a.floats"]);
        Assert.Equal(new[] { "ä", "" }, model.Metadata["a.texts"]);
    }

    [Theory]
    [InlineData(128, 500_000.0, 8.0, 1.0, 4.0, 8192)]
    [InlineData(64, 500_000.0, 32.0, 1.0, 4.0, 8192)]
    [InlineData(16, 500_000.0, 8.0, 1.0, 4.0, 40)]
    [InlineData(128, 10_000.0, 4.0, 1.0, 8.0, 2048)]
    [InlineData(8, 10_000.0, 8.0, 1.0, 1.5, 200)]
    public void Llama3_scaling_is_found_again_from_the_divisors_of_the_file(int headDim, double theta, double factor, double low, double high, int length)
    {
        using var folder = new TemporaryFolder();
        var scaling = new Llama3RopeScaling(factor, low, high, length);
        var divisors = Divisors(scaling, headDim, theta);

        var found = OpenWithDivisors(folder, headDim, theta, divisors).RopeScaling;

        Assert.NotNull(found);
        Assert.All(divisors.Zip(Divisors(found, headDim, theta)), pair => Assert.Equal(pair.First, pair.Second, 1e-5f * pair.First));
        if (length is 8192 or 40 or 2048) Assert.Equal((factor, low, length), (found.Factor, found.LowFreqFactor, found.OriginalMaxPositions));
    }

    [Fact]
    public void Divisors_of_one_are_no_scaling_and_others_are_refused()
    {
        using var folder = new TemporaryFolder();

        Assert.Null(OpenWithDivisors(folder, 8, 10_000, [1, 1, 1, 1]).RopeScaling);
        foreach (var divisors in new float[][] { [8, 1, 1, 1], [1, 2, 1, 8], [1, 1, 0.5f, 0.5f], [1, 1, float.NaN, 8], [1, 1, 8, float.PositiveInfinity], [1, 2, 3, 4] })
            Assert.Contains("divisors of the llama3 form", Assert.Throws<ModelFileException>(() => OpenWithDivisors(folder, 8, 10_000, divisors)).Message);
        Assert.Contains("must be F32 [4]; found F32 [3]", Assert.Throws<ModelFileException>(() => OpenWithDivisors(folder, 8, 10_000, [1, 1, 1])).Message);
    }

    [Theory]
    [InlineData("llama2-f16", 64, 4, 4, "F16")]
    [InlineData("llama-gqa-q8_0", 0, 4, 2, "Q8_0")]
    public void Golden_files_open_and_every_weight_loads(string name, int _, int heads, int keyValueHeads, string format)
    {
        using var scope = NewDisposeScope();
        using var model = GgufFile.Open(Shared.Require($"goldens/gguf/{name}.gguf"));

        Assert.Equal((heads, keyValueHeads, 320), (model.Config.QueryHeads, model.Config.KeyValueHeads, model.Config.VocabularySize));
        Assert.Contains(model.Weights, weight => weight.Format == format);
        foreach (var weight in model.Weights)
        {
            var single = model.Load(weight.Name, ScalarType.Float32, CPU);
            Assert.Equal(weight.Shape, single.shape);
            Assert.True(single.isfinite().all().item<bool>());
            foreach (var type in new[] { ScalarType.BFloat16, ScalarType.Float16 })
                Assert.True(single.to(type).Equals(model.Load(weight.Name, type, CPU)), $"{weight.Name} {type}");
        }
    }

    [Fact]
    public void SmolLM2_opens_with_its_published_shape_and_hash()
    {
        using var model = ModelFiles.Open(Shared.Require("data/models/SmolLM2-135M-Instruct.Q4_1.gguf"));
        var watch = Stopwatch.StartNew();
        foreach (var weight in model.Weights) model.Load(weight.Name, ScalarType.Float32, CPU).Dispose();
        TestContext.Current.SendDiagnosticMessage($"loaded in {watch.ElapsedMilliseconds} ms");

        Assert.Equal("smollm2", model.ShortName);
        var expected = new ModelConfig
        {
            ModelType = "llama", HiddenSize = 576, IntermediateSize = 1536, Layers = 30, QueryHeads = 9, KeyValueHeads = 3, HeadDim = 64,
            VocabularySize = 49152, MaxPositions = 8192, RmsNormEpsilon = 1e-5, RopeTheta = 100_000, TiedHead = true, BosId = 1,
        };
        Assert.Equal(expected, model.Config with { EosIds = expected.EosIds });
        Assert.Equal([2], model.Config.EosIds);
        Assert.Equal(272, model.Weights.Count);
        Assert.Equal("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", model.WeightsSha256());
    }

    private static void AssertCountsUp(Tensor tensor)
    {
        using var flat = tensor.view(-1);
        var values = flat.data<float>().ToArray();
        Assert.All(values.Zip(values.Skip(1)), pair => Assert.Equal(pair.First + 1, pair.Second));
    }

    private static float[] Divisors(Llama3RopeScaling scaling, int headDim, double theta) => Enumerable.Range(0, headDim / 2).Select(i =>
    {
        var wavelength = 2 * Math.PI * Math.Pow(theta, 2.0 * i / headDim);
        if (wavelength < scaling.OriginalMaxPositions / scaling.HighFreqFactor) return 1f;
        if (wavelength > scaling.OriginalMaxPositions / scaling.LowFreqFactor) return (float)scaling.Factor;
        var smooth = (scaling.OriginalMaxPositions / wavelength - scaling.LowFreqFactor) / (scaling.HighFreqFactor - scaling.LowFreqFactor);
        return (float)(1 / ((1 - smooth) / scaling.Factor + smooth));
    }).ToArray();

    private static ModelConfig OpenWithDivisors(TemporaryFolder folder, int headDim, double theta, float[] divisors)
    {
        var builder = GgufBuilder.Tiny();
        builder.Set("llama.rope.freq_base", GgufBuilder.Float32((float)theta)).Set("llama.attention.key_length", GgufBuilder.UInt32((uint)headDim));
        builder.Set("llama.attention.value_length", GgufBuilder.UInt32((uint)headDim)).Set("llama.rope.dimension_count", GgufBuilder.UInt32((uint)headDim));
        foreach (var layer in new[] { 0, 1 })
            foreach (var (part, rows, columns) in new[] { ("attn_q", 2 * headDim, 8), ("attn_k", headDim, 8), ("attn_v", headDim, 8), ("attn_output", 8, 2 * headDim) })
                builder.Change($"blk.{layer}.{part}.weight", tensor => tensor with { Dimensions = [(ulong)columns, (ulong)rows], Data = new byte[4 * rows * columns] });
        builder.Tensors.Add(new GgufBuilder.Tensor("rope_freqs.weight", [(ulong)divisors.Length], 0, GgufBuilder.Bytes(divisors)));
        using var model = GgufFile.Open(folder.Write("tiny.gguf", builder.ToBytes()));
        return model.Config;
    }
}
