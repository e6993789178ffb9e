using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models;

/// <summary>
/// A model that exists in memory alone: every weight is drawn from its name and a seed, so that two files of one seed agree tensor by tensor whatever
/// else they hold. Query and key projections are scaled up, so that attention is peaky and compression methods differ.
/// </summary>
internal sealed class RandomModelFile(ModelConfig config, int seed) : IModelFile
{
    private const double PeakyGain = 1.7;

    public string Path => $"memory:{seed}";

    public string ShortName => $"random-{seed}";

    public ModelConfig Config => config;

    public IReadOnlyList<WeightInfo> Weights { get; } = [.. WeightPlan.Of(config).Select(weight => new WeightInfo(weight.Name, weight.Shape, "F32", 4 * weight.Shape.Aggregate((a, b) => a * b)))];

    public IReadOnlyDictionary<string, object> Metadata { get; } = new Dictionary<string, object>();

    public string WeightsSha256() => new('0', 64);

    public Tensor Load(string name, ScalarType dtype, Device device)
    {
        var weight = Weights.FirstOrDefault(w => w.Name == name) ?? throw new ModelFileException($"weight {name} is not in {Path}");
        using var scope = NewDisposeScope();
        return tensor(Draw(weight), [.. weight.Shape]).to(dtype).to(device).MoveToOuterDisposeScope();
    }

    public void ReleasePages() { }

    public void Dispose() { }

    private float[] Draw(WeightInfo weight)
    {
        var random = new NormalNumbers(weight.Name.Aggregate(seed, (hash, letter) => unchecked((hash * 31) + letter)));
        var (center, spread) = weight switch
        {
            { Name: var n } when n.EndsWith(".bias", StringComparison.Ordinal) => (0.0, 0.3),
            { Shape.Count: 1 } => (1.0, 0.1),
            { Name: WeightPlan.Embedding } => (0.0, 1.0),
            { Name: var n } when n.Contains("q_proj") || n.Contains("k_proj") => (0.0, PeakyGain / Math.Sqrt(weight.Shape[1])),
            _ => (0.0, 1 / Math.Sqrt(weight.Shape[1])),
        };
        var values = new float[weight.Elements];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(center + (spread * random.Next()));
        return values;
    }
}

/// <summary>Standard normal numbers from a seed, the same on every machine.</summary>
internal sealed class NormalNumbers(int seed)
{
    private readonly Random random = new(seed);

    public double Next() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public float[] Array(long count)
    {
        var values = new float[count];
        for (var i = 0; i < values.Length; i++) values[i] = (float)Next();
        return values;
    }
}
