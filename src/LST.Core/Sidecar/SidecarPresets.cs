using LST.Core.Compression;
using LST.Core.Models;

namespace LST.Core.Sidecar;

/// <summary>The three named starting points; every option can be changed behind them.</summary>
public static class SidecarPresets
{
    /// <summary>Names, in the order of the help.</summary>
    public static IReadOnlyList<string> Names { get; } = ["lst", "lst-large", "paper"];

    // A trunk for models with few heads can be wider within the same share of the model.
    private const int FewHeads = 48;

    /// <summary>The options of a preset for one model.</summary>
    /// <param name="preset">
    /// <c>paper</c>: one encoder for all layers and heads, post-RoPE keys, residual on the window mean, hard norm, no bias.
    /// <c>lst</c>: shared trunk with small parts for each layer and head, learned pooling, two neighbours, learned log-mass bias, pre-RoPE keys.
    /// <c>lst-large</c>: the same with a network for each head.
    /// </param>
    /// <param name="model">Short name, or any label.</param>
    /// <param name="weightsSha256">Digest of the weights; null: not bound to them.</param>
    /// <param name="shape">Shape of the model.</param>
    /// <param name="ratios">What it will be used at; windows up to r + 2 tokens (paper) or r + 4.</param>
    /// <exception cref="UsageException">An unknown preset or no ratio.</exception>
    public static SidecarConfig Of(string preset, string model, string? weightsSha256, ModelConfig shape, params IReadOnlyList<Ratio> ratios)
    {
        if (ratios.Count == 0) throw new UsageException("a sidecar is made for at least one ratio; give e.g. 2");
        var target = new SidecarModel(model, weightsSha256, shape.Layers, shape.QueryHeads, shape.KeyValueHeads, shape.HeadDim);
        // Heads with a smaller budget than the mean have longer windows; the paper's have one budget.
        var longest = (int)Math.Ceiling(ratios.Max(ratio => ratio.Value)) + (preset == "paper" ? 2 : 4);
        var few = shape.Layers * shape.KeyValueHeads <= FewHeads;
        var written = ratios.Select(ratio => ratio.ToString()).ToList();
        return preset switch
        {
            "lst" => new SidecarConfig
            {
                Preset = preset, Model = target, Ratios = written, LongestWindow = longest,
                Network = SidecarNetwork.Trunk, Hidden = few ? 256 : 128, Rank = few ? 64 : 32, Neighbours = 2,
            },
            "lst-large" => new SidecarConfig
            {
                Preset = preset, Model = target, Ratios = written, LongestWindow = longest,
                // At most 4 M parameters on lst-ref at every ratio.
                Network = SidecarNetwork.PerHead, Hidden = longest > 10 ? 56 : 64, Neighbours = 2,
            },
            "paper" => new SidecarConfig
            {
                Preset = preset, Model = target, Ratios = written, LongestWindow = longest,
                Network = SidecarNetwork.Encoder, Hidden = 192, KeySpace = KeySpace.PostRope, Bias = SlotBias.None, Norm = NormRule.Hard, Base = SuperTokenBase.Mean,
            },
            _ => throw new UsageException($"preset '{preset}' is unknown; known: {string.Join(", ", Names)}"),
        };
    }
}
