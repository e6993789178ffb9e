using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using LST.Core.Text;
using LST.Evaluation.Analysis;
using LST.Evaluation.Tests.Perplexity;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Analysis;

/// <summary>A small random model with the tokenizer that ships, and prompts of random ids.</summary>
public sealed class TinyPrompt : IDisposable
{
    public const int Prefix = 60, Continuation = 20;

    private readonly Dictionary<string, LoadedModel> models = [];

    /// <summary>6 query heads on 2 KV heads, D = 16, 3 layers.</summary>
    public static ModelConfig Config { get; } = new()
    {
        ModelType = "llama", HiddenSize = 40, IntermediateSize = 56, Layers = 3, QueryHeads = 6, KeyValueHeads = 2, HeadDim = 16,
        VocabularySize = 8192, MaxPositions = 256, RmsNormEpsilon = 1e-5, RopeTheta = 10000, TiedHead = true,
    };

    public static TheoryData<string, int?> Methods => [.. from method in Typed from window in new int?[] { null, 35 } select (method, window)];

    public static IReadOnlyList<string> Typed { get; } =
    [
        "dense", "random", "streaming", "streaming:positions=cache-index", "h2o", "snapkv:observe=6", "kvzip", "mean:log-mass=true", "mean:key-space=pre-rope", "lst:sidecar=untrained", "lst:preset=paper:sidecar=untrained",
    ];

    public LoadedModel Model(int? slidingWindow = null)
    {
        var key = $"{slidingWindow}";
        if (models.TryGetValue(key, out var known)) return known;
        var config = Config with { SlidingWindow = slidingWindow };
        return models[key] = LoadedModel.Open(new PeakyModel(new ShapedModel("tiny", config, seed: 3)), TokenizerFiles.ForFolder(ReferenceModel.Folder), float32, CPU, "cpu", null, null, default);
    }

    public static int[] Ids(int count, int seed = 1)
    {
        var random = new System.Random(seed);
        return [0, .. Enumerable.Range(1, count - 1).Select(_ => random.Next(300, 4000))];
    }

    public PromptAnalysis Open(int? slidingWindow = null) => PromptAnalysis.Of(Model(slidingWindow), Ids(Prefix + Continuation), Prefix, "random ids");

    public void Dispose()
    {
        foreach (var model in models.Values) model.Dispose();
    }

    // Weights of the shape are small: attention would be even, and methods would not differ.
    private sealed class PeakyModel(ShapedModel shape) : IModelFile
    {
        public string Path => shape.Path;

        public string ShortName => "tiny";

        public ModelConfig Config => shape.Config;

        public IReadOnlyList<WeightInfo> Weights => shape.Weights;

        public IReadOnlyDictionary<string, object> Metadata => shape.Metadata;

        public string WeightsSha256() => shape.WeightsSha256();

        public Tensor Load(string name, ScalarType dtype, Device device)
        {
            using var drawn = shape.Load(name, dtype, device);
            var gain = name.Contains("norm", StringComparison.Ordinal) ? 1 : name.Contains("q_proj", StringComparison.Ordinal) || name.Contains("k_proj", StringComparison.Ordinal) ? 14 : 8;
            return drawn * gain;
        }

        public void ReleasePages() => shape.ReleasePages();

        public void Dispose() => shape.Dispose();
    }
}

/// <summary>Attention written out in double precision.</summary>
internal static class PlainAttention
{
    public static double[] Softmax(IReadOnlyList<double> logits)
    {
        var top = logits.Max();
        double[] shares = [.. logits.Select(logit => Math.Exp(logit - top))];
        var sum = shares.Sum();
        return [.. shares.Select(share => share / sum)];
    }

    public static double LogSumExp(IEnumerable<double> logits)
    {
        double[] all = [.. logits];
        return all.Max() + Math.Log(all.Sum(logit => Math.Exp(logit - all.Max())));
    }

    public static double Score(double[] query, double[] key) => query.Zip(key, (a, b) => a * b).Sum() / Math.Sqrt(query.Length);

    public static double[] Mix(IReadOnlyList<double> weights, IReadOnlyList<double[]> values) =>
        [.. Enumerable.Range(0, values[0].Length).Select(d => weights.Select((weight, j) => weight * values[j][d]).Sum())];

    public static double Norm(IEnumerable<double> vector) => Math.Sqrt(vector.Sum(x => x * x));

    /// <summary>Rows of a tensor [rows, D].</summary>
    public static double[][] Rows(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var flat = tensor.to(float64).cpu().contiguous().data<double>().ToArray();
        var width = (int)tensor.shape[1];
        return [.. Enumerable.Range(0, (int)tensor.shape[0]).Select(r => flat[(r * width)..((r + 1) * width)])];
    }

    public static void Near(IReadOnlyList<double> expected, IReadOnlyList<float> found, double tolerance)
    {
        Assert.Equal(expected.Count, found.Count);
        for (var i = 0; i < expected.Count; i++) Assert.True(Math.Abs(expected[i] - found[i]) <= tolerance, $"[{i}]: expected {expected[i]}, got {found[i]}");
    }
}
