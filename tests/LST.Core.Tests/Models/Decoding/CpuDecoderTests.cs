using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using LST.Core.Models.Decoding;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models.Decoding;

/// <summary>Steps of the kernels against the tensor program, on the model that ships with the project.</summary>
public class CpuDecoderTests
{
    private const int NewTokens = 6;

    [Theory]
    [InlineData("dense", null)]
    [InlineData("mean:log-mass=true", null)]
    [InlineData("snapkv", null)]
    [InlineData("snapkv", 24)]
    [InlineData("dense", 24)]
    public void Logits_over_a_compressed_cache_are_those_of_the_tensor_program(string method, int? window)
    {
        var difference = LargestDifference(method, window, ScalarType.Float32);

        Assert.InRange(difference, 0, 2e-3);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 0.5)]
    [InlineData(ScalarType.Float16, 0.06)]
    public void Short_storages_differ_by_their_rounding(ScalarType dtype, double tolerance) =>
        Assert.InRange(LargestDifference("mean:log-mass=true", null, dtype), 0, tolerance);

    [Fact]
    public void Allocates_nothing_managed_between_blocks_of_the_tail()
    {
        using var scope = NewDisposeScope();
        using var model = Load(24, ScalarType.BFloat16);
        using var cache = model.NewCache(1, blockTokens: 128);
        using var pool = new WorkerPool(2);
        using var weights = new LanguageModelWeights(model);
        using var decoder = new CpuDecoder(pool, weights, cache);
        ReadOnlySpan<long> id = [77];
        for (var t = 0; t < 60; t++) decoder.Next(id);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var t = 0; t < 20; t++) decoder.Next(id);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Refuses_another_number_of_ids_than_samples()
    {
        using var model = Load(null, ScalarType.Float32);
        using var cache = model.NewCache(2);
        using var pool = new WorkerPool(1);
        using var weights = new LanguageModelWeights(model);
        using var decoder = new CpuDecoder(pool, weights, cache);

        Assert.Contains("2 ids expected, one per sample, got 1", Assert.Throws<ArgumentException>(() => { decoder.Next([5]); }).Message);
    }

    /// <summary>Two prompts of different lengths, compressed and joined, then some tokens decoded both ways.</summary>
    private static double LargestDifference(string method, int? window, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Load(window, dtype);
        using var expectedCache = Compressed(model, method);
        using var cache = Compressed(model, method);
        using var pool = new WorkerPool(2);
        using var weights = new LanguageModelWeights(model);
        using var decoder = new CpuDecoder(pool, weights, cache);
        var random = new Random(1);
        var largest = 0.0;
        for (var step = 0; step < NewTokens; step++)
        {
            var ids = new long[] { random.Next(2, 8192), random.Next(2, 8192) };
            var expected = model.Logits(model.Run(tensor(ids, 2, 1), expectedCache)).to(ScalarType.Float32).data<float>().ToArray();
            var actual = decoder.Next(ids);

            Assert.Equal(expected.Length, actual.Length);
            for (var i = 0; i < expected.Length; i++) largest = Math.Max(largest, Math.Abs(expected[i] - actual[i]));
            Assert.Equal(expectedCache.NextPositions.ToArray(), cache.NextPositions.ToArray());
            Assert.Equal(expectedCache.Layers[0].Tail.Length, cache.Layers[0].Tail.Length);
        }

        return largest;
    }

    private static KvCache Compressed(LanguageModel model, string method)
    {
        using var compressor = MethodSpec.Parse(method).Create();
        var random = new Random(2);
        var parts = new[] { 70, 51 }.Select(length =>
        {
            long[] ids = [0, .. Enumerable.Range(1, length - 1).Select(_ => (long)random.Next(2, 8192))];
            return PromptCompression.Run(model, ids, [new CompressionJob(compressor, method == "dense" ? Ratio.One : Ratio.Parse("2"))]);
        }).ToList();
        var cache = KvCache.Join(model.Config, [.. parts.Select(part => part.Jobs[0].Cache)], model.Dtype, model.Device, blockTokens: 4);
        parts.ForEach(part => part.Dispose());
        return cache;
    }

    private static LanguageModel Load(int? window, ScalarType dtype)
    {
        using var file = ModelFiles.Open(Path.Combine(Shared.RepositoryRoot, "data", "models", "lst-ref"));
        return LanguageModel.Load(new Windowed(file, window), dtype, CPU);
    }

    /// <summary>The same file with a sliding window.</summary>
    private sealed class Windowed(IModelFile file, int? window) : IModelFile
    {
        public string Path => file.Path;

        public string ShortName => file.ShortName;

        public ModelConfig Config => file.Config with { SlidingWindow = window };

        public IReadOnlyList<WeightInfo> Weights => file.Weights;

        public IReadOnlyDictionary<string, object> Metadata => file.Metadata;

        public string WeightsSha256() => file.WeightsSha256();

        public Tensor Load(string name, ScalarType dtype, Device device) => file.Load(name, dtype, device);

        public void ReleasePages() => file.ReleasePages();

        public void Dispose()
        {
        }
    }
}
