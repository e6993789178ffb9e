using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// A model of a known shape whose weights are drawn when they are asked for: N(0, 0.02²) by name and seed, norms 1. It says nothing of any text; it takes the time
/// and the memory that a model of its shape takes.
/// </summary>
/// <param name="name">Name of the shape.</param>
/// <param name="config">Shape.</param>
/// <param name="seed">Other weights.</param>
public sealed class ShapedModel(string name, ModelConfig config, int seed = 0) : IModelFile
{
    private const double Deviation = 0.02;

    // Numbers that are drawn at a time where the weights are not float32.
    private const long BlockElements = 4L << 20;

    /// <inheritdoc/>
    public string Path => $"random weights of {ShortName}";

    /// <inheritdoc/>
    public string ShortName => $"random-{name}";

    /// <inheritdoc/>
    public ModelConfig Config => config;

    /// <inheritdoc/>
    public IReadOnlyList<WeightInfo> Weights { get; } = [.. WeightPlan.Of(config).Select(weight => new WeightInfo(weight.Name, weight.Shape, "F32", 4 * weight.Shape.Aggregate(1L, (a, b) => a * b)))];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, object> Metadata { get; } = new Dictionary<string, object>();

    /// <summary>Digest of what decides the weights: shape, seed and distribution.</summary>
    public string WeightsSha256() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"normal {Deviation} seed {seed} {JsonSerializer.Serialize(config)}")));

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType dtype, Device device)
    {
        var weight = Weights.FirstOrDefault(w => w.Name == name) ?? throw new ModelFileException($"weight {name} is not part of {Path}");
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        if (weight.Shape.Count == 1) return ones([.. weight.Shape], dtype, device).MoveToOuterDisposeScope();
        using var generator = new Generator(BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {name}"))), CPU);
        var made = empty([.. weight.Shape], dtype, device);
        var rows = made.view(-1);
        for (var start = 0L; start < weight.Elements; start += BlockElements)
        {
            using var blockScope = NewDisposeScope();
            var count = Math.Min(BlockElements, weight.Elements - start);
            rows.narrow(0, start, count).copy_(randn([count], float32, generator: generator).mul_(Deviation));
        }
        return made.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void ReleasePages() { }

    /// <inheritdoc/>
    public void Dispose() { }
}
