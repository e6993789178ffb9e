using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Sidecar.Networks;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>Sidecars whose every parameter is random and none is zero, the input scale included.</summary>
internal static class RandomSidecar
{
    /// <summary>Kinds that cut a prompt into windows.</summary>
    public static IReadOnlyList<string> WindowKinds { get; } = ["random-trunk", "random-pairs", "random-per-head", "random-encoder", "random-budgets", "random-refit"];

    /// <summary>Kinds that the shared matrix runs, as <c>lst:sidecar=random-…</c>.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [.. WindowKinds, "random-choice", "random-choice-budgets"];

    /// <summary>Small options for a model; windows are long enough for 8:1 at the lengths of the matrix.</summary>
    public static SidecarConfig Config(string kind, ModelConfig shape)
    {
        var plain = Config(SidecarNetwork.Trunk, shape) with { LongestWindow = 12, Neighbours = 2 };
        var choice = plain with { Network = SidecarNetwork.Means, Neighbours = 0, Bias = SlotBias.LogMass, Base = SuperTokenBase.Mean, Choice = TokenChoiceRule.Learned, ChoiceRank = 3, ChoiceHidden = 7, MergedShare = 0.25 };
        return kind switch
        {
            "random-choice" => choice,
            "random-choice-budgets" => choice with { HeadSlots = Shares(shape, 0.5, 1.5), HeadRecent = Shares(shape, 0, 0.4) },
            "random-trunk" => plain,
            "random-pairs" => plain with { SuperTokens = 2, LongestWindow = 24, KeySpace = KeySpace.PostRope, Sinks = "2", Recent = "n/4" },
            "random-per-head" => plain with { Network = SidecarNetwork.PerHead, Neighbours = 1, Norm = NormRule.Hard },
            "random-encoder" => Config(SidecarNetwork.Encoder, shape) with { LongestWindow = 12, KeySpace = KeySpace.PostRope, Norm = NormRule.Hard },
            "random-budgets" => plain with { LongestWindow = 24, HeadSlots = Shares(shape, 0.5, 1.5), HeadRecent = Shares(shape, 0, 0.4) },
            "random-refit" => plain with { Refit = RefitProbes.Prefix, RefitQueries = 16 },
            _ => throw new ArgumentException($"no sidecar is called {kind}", nameof(kind)),
        };
    }

    /// <summary>The least that a network needs.</summary>
    public static SidecarConfig Config(SidecarNetwork network, ModelConfig shape) => new()
    {
        Preset = "lst", Model = new SidecarModel("tiny", null, shape.Layers, shape.QueryHeads, shape.KeyValueHeads, shape.HeadDim), Ratios = ["2"],
        Network = network, LongestWindow = 4, Hidden = 12, Rank = 5, EncoderHeads = 3, EncoderLayers = 2, FeedForward = 2,
        Bias = network == SidecarNetwork.Encoder ? SlotBias.None : SlotBias.Learned, Base = network == SidecarNetwork.Encoder ? SuperTokenBase.Mean : SuperTokenBase.Pooled,
    };

    public static SidecarModule Of(SidecarConfig config, int seed)
    {
        var normal = new NormalNumbers(seed);
        Tensor Draw(long[] shape, double center, double spread) =>
            tensor(normal.Array(shape.Aggregate(1L, (a, b) => a * b)).Select(x => (float)(center + (spread * x))).ToArray(), shape).DetachFromDisposeScope();
        var parameters = SuperTokenNetworks.Shapes(config.Checked()).ToDictionary(shape => shape.Name,
            shape => shape.FanIn < 0 ? Draw(shape.Shape, 1, 0.2) : Draw(shape.Shape, 0, shape.FanIn == 0 ? 0.2 : 1 / Math.Sqrt(shape.FanIn)));
        long[] scale = [config.Model.Layers, config.Model.KeyValueHeads, 2L * config.Model.HeadDim];
        using var deviation = Draw(scale, 0, 0.3);
        return new SidecarModule(config, parameters, new InputScale(Draw(scale, 0, 0.3), deviation.exp().DetachFromDisposeScope()));
    }

    // Evenly from one bound to the other over all heads.
    private static IReadOnlyList<IReadOnlyList<double>> Shares(ModelConfig shape, double first, double last)
    {
        var heads = shape.Layers * shape.KeyValueHeads;
        double Share(int i) => heads == 1 ? (first + last) / 2 : first + ((last - first) * i / (heads - 1));
        return [.. Enumerable.Range(0, shape.Layers).Select(l => (IReadOnlyList<double>)[.. Enumerable.Range(0, shape.KeyValueHeads).Select(h => Share((l * shape.KeyValueHeads) + h))])];
    }
}

/// <summary>The method <c>lst</c> with a random sidecar that is made for whatever model it meets.</summary>
internal sealed class RandomSidecarCompressor(string kind) : IKvCompressor
{
    private SidecarModule? sidecar;
    private SuperTokenCompressor? inner;

    public CompressorNeeds Needs => CompressorNeeds.PreRopeKeys | CompressorNeeds.PreRopeQueries;

    private SuperTokenCompressor Inner => inner ?? throw new InvalidOperationException("the method is attached to a model before it plans");

    public long Parameters(Ratio ratio) => Inner.Parameters(ratio);

    public void Attach(ModelTarget model)
    {
        if (inner is not null) return;
        sidecar = RandomSidecar.Of(RandomSidecar.Config(kind, model.Config), seed: 11);
        inner = SuperTokenCompressor.Around(sidecar);
        inner.Attach(model);
    }

    public BudgetPlan Plan(PlanContext context) => Inner.Plan(context);

    public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => Inner.Compress(layer, budget);

    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) => Inner.Origins(layer, budget, made);

    public void Dispose()
    {
        inner?.Dispose();
        sidecar?.Dispose();
    }
}
