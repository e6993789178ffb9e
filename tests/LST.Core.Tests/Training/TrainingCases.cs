using LST.Core.Compression;
using LST.Core.Losses;
using LST.Core.Losses.Probes;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Training;
using LST.Core.Training.Data;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training;

/// <summary>Tiny models, sidecars with random parameters, and data of random ids.</summary>
internal static class TrainingCases
{
    public const int Prefix = 41;
    public const int Suffix = 9;

    /// <summary>Every kind of network, small; the encoder with what the paper's preset imposes.</summary>
    public static SidecarConfig Config(ModelConfig shape, SidecarNetwork network = SidecarNetwork.Trunk, string sha256 = "") => network == SidecarNetwork.Encoder
        ? SidecarPresets.Of("paper", "tiny", Sha(sha256), shape, Ratio.Of(2)) with { Hidden = 8, EncoderHeads = 2, FeedForward = 2, Sinks = "2", Recent = "3" }
        : SidecarPresets.Of(network == SidecarNetwork.PerHead ? "lst-large" : "lst", "tiny", Sha(sha256), shape, Ratio.Of(2)) with { Hidden = 10, Rank = 4, Neighbours = 1, Sinks = "2", Recent = "3" };

    /// <summary>A sidecar whose outputs are far from zero, so that every parameter matters.</summary>
    public static SidecarModule MadeSidecar(SidecarConfig config, int seed = 1)
    {
        var made = SidecarModule.Untrained(config, seed, Scale(config));
        using var noGradients = no_grad();
        using var generator = new Generator((ulong)seed + 99, CPU);
        foreach (var (name, parameter) in made.Parameters)
        {
            using var noise = randn(parameter.shape, float32, generator: generator);
            parameter.add_(noise, alpha: name.Contains("norm.weight") ? 0.1 : 0.25 / Math.Sqrt(Math.Max(1, parameter.shape[^1] / 8.0)));
        }
        made.RequireGradients(true);
        return made;
    }

    public static long[] Ids(int count, int seed) => TinyModels.Prompt(count, seed);

    public static TrainingSequence Sequence(int seed, int prefix = Prefix, int suffix = Suffix, float[]? weights = null) =>
        new(Ids(prefix + suffix + 1, seed), prefix, suffix, weights, SequenceKinds.Text, "random");

    public static PreparedPrefix Prepared(LanguageModel model, TrainingSequence sequence, bool queries = true, int repeat = 16) =>
        PreparedPrefix.Of(model, sequence, new PrefixNeeds(queries, repeat), TestContext.Current.CancellationToken);

    public static TrainingData RandomData(int chunks = 2) => new(
        index => Sequence(1000 + (int)index, Prefix - (int)(index % 3), Suffix - (int)(index % 2)), "random", [new DevelopmentText("dev", [.. Enumerable.Range(0, chunks).Select(c => Sequence(5000 + c))])], []);

    public static TrainingOptions Options(SidecarConfig config, int steps = 8) => new()
    {
        Sidecar = config, Ratios = [Ratio.Of(2)], Steps = steps, Sequences = 2, Pool = 6, Warmup = 3, Calibration = 2, ValidateEvery = 3, SaveEvery = 2, Seed = 4,
    };

    /// <summary>One call of <see cref="TrainingStep.Accumulate"/>: losses, and gradients by name.</summary>
    public static (StepLosses Losses, Dictionary<string, float[]> Gradients) Accumulate(
        LanguageModel model, SidecarModule sidecar, LossSettings losses, PreparedPrefix prepared, long? graphBytes = null, Ratio? ratio = null, IReadOnlyList<QueryStatistics>? statistics = null)
    {
        var step = graphBytes is { } bytes ? new TrainingStep(model, sidecar, losses, statistics) { GraphBytes = bytes } : new TrainingStep(model, sidecar, losses, statistics);
        foreach (var parameter in sidecar.Parameters.Values) parameter.grad?.zero_();
        using var generator = new Generator(17, CPU);
        var result = step.Accumulate(prepared, ratio ?? Ratio.Of(2), 1, generator);
        return (result, Gradients(sidecar));
    }

    public static Dictionary<string, float[]> Gradients(SidecarModule sidecar) =>
        sidecar.Parameters.ToDictionary(p => p.Key, p => p.Value.grad is { } gradient ? gradient.data<float>().ToArray() : new float[p.Value.NumberOfElements]);

    public static double Norm(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));

    /// <summary>Largest difference over the largest number.</summary>
    public static double Difference(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs((double)x - y)).DefaultIfEmpty(0).Max() / Math.Max(1e-12, b.Max(v => Math.Abs((double)v)));

    private static string? Sha(string sha256) => sha256.Length == 0 ? null : sha256;

    private static InputScale Scale(SidecarConfig config)
    {
        long[] shape = [config.Model.Layers, config.Model.KeyValueHeads, 2L * config.Model.HeadDim];
        using var generator = new Generator(3, CPU);
        using var noise = rand(shape, float32, generator: generator);
        return new InputScale((noise - 0.5).DetachFromDisposeScope(), (noise + 0.5).DetachFromDisposeScope());
    }
}
