using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LST.Core.Compression;

namespace LST.Core.Sidecar;

/// <summary>Which network makes super-tokens.</summary>
public enum SidecarNetwork
{
    /// <summary>One transformer encoder over the tokens of a window, for all layers and heads: the paper's.</summary>
    Encoder,

    /// <summary>A shared trunk between small projections of each layer and head.</summary>
    Trunk,

    /// <summary>A two-layer network for each layer and head.</summary>
    PerHead,

    /// <summary>None: windows are means with their mass.</summary>
    Means,
}

/// <summary>In which space keys are pooled.</summary>
public enum KeySpace
{
    /// <summary>Before rotation; the pooled key is turned to the window's position.</summary>
    PreRope,

    /// <summary>As cached.</summary>
    PostRope,
}

/// <summary>The log-mass bias of a super-token.</summary>
public enum SlotBias
{
    /// <summary>None: w tokens count as one.</summary>
    None,

    /// <summary>Logarithm of the tokens that it stands for.</summary>
    LogMass,

    /// <summary>The same plus a learned difference.</summary>
    Learned,
}

/// <summary>What is imposed on the norm of a super-token's key and value.</summary>
public enum NormRule
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The mean norm of the window's keys, and of its values.</summary>
    Hard,
}

/// <summary>What the network's difference is added to.</summary>
public enum SuperTokenBase
{
    /// <summary>Mean of the window.</summary>
    Mean,

    /// <summary>Weighted mean with learned weights, separate for keys and values.</summary>
    Pooled,
}

/// <summary>How inputs are scaled.</summary>
public enum InputScaling
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By mean and deviation of each channel of each layer and head, measured on training text.</summary>
    Standardised,
}

/// <summary>Queries for the closed-form refit of values.</summary>
public enum RefitProbes
{
    /// <summary>No refit.</summary>
    None,

    /// <summary>Queries of the prefix, turned to the positions that follow it.</summary>
    Prefix,
}

/// <summary>Whether the sidecar chooses tokens.</summary>
public enum TokenChoiceRule
{
    /// <summary>No: windows follow each other.</summary>
    None,

    /// <summary>The most important tokens, as it has learned to see them, are kept exactly and the others merged.</summary>
    Learned,
}

/// <summary>The model that a sidecar belongs to.</summary>
/// <param name="Name">Short name.</param>
/// <param name="WeightsSha256">Digest of its weights; null: any weights of this shape.</param>
/// <param name="Layers">L.</param>
/// <param name="QueryHeads">H_q.</param>
/// <param name="KeyValueHeads">H_kv.</param>
/// <param name="HeadDim">D.</param>
public sealed record SidecarModel(string Name, string? WeightsSha256, int Layers, int QueryHeads, int KeyValueHeads, int HeadDim);

/// <summary>
/// Every choice of one sidecar, as its file carries them. The paper leaves most of them open; each is an option here. Named sizes: w_max
/// <see cref="LongestWindow"/>, m <see cref="SuperTokens"/>, c <see cref="Neighbours"/>, h <see cref="Hidden"/>, p <see cref="Rank"/>.
/// </summary>
public sealed record SidecarConfig
{
    /// <summary>Version of the file's layout.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Preset that the options started from: <c>lst</c>, <c>lst-large</c>, <c>paper</c>.</summary>
    public required string Preset { get; init; }

    /// <summary>The model.</summary>
    public required SidecarModel Model { get; init; }

    /// <summary>Ratios that it was trained for, as written on the command line.</summary>
    public required IReadOnlyList<string> Ratios { get; init; }

    /// <summary>w_max: most tokens of one window.</summary>
    public required int LongestWindow { get; init; }

    /// <summary>m: super-tokens of one window.</summary>
    public int SuperTokens { get; init; } = 1;

    /// <summary>c: tokens on each side of a window that the network sees besides.</summary>
    public int Neighbours { get; init; }

    /// <summary>s: first tokens kept; a number or an expression of n and r.</summary>
    public string Sinks { get; init; } = "4";

    /// <summary>R: last tokens kept; a number or an expression of n and r.</summary>
    public string Recent { get; init; } = "8";

    /// <summary>The network.</summary>
    public required SidecarNetwork Network { get; init; }

    /// <summary>h: width of the network.</summary>
    public required int Hidden { get; init; }

    /// <summary>p: width of the projections of each head (trunk).</summary>
    public int Rank { get; init; } = 32;

    /// <summary>Layers of the encoder.</summary>
    public int EncoderLayers { get; init; } = 2;

    /// <summary>Attention heads of the encoder and of its pooling.</summary>
    public int EncoderHeads { get; init; } = 4;

    /// <summary>Width of the encoder's feed-forward part, as a multiple of h.</summary>
    public int FeedForward { get; init; } = 4;

    /// <summary>Where keys are pooled.</summary>
    public KeySpace KeySpace { get; init; } = KeySpace.PreRope;

    /// <summary>Log-mass bias.</summary>
    public SlotBias Bias { get; init; } = SlotBias.Learned;

    /// <summary>Norm rule.</summary>
    public NormRule Norm { get; init; } = NormRule.None;

    /// <summary>Base of the residual.</summary>
    public SuperTokenBase Base { get; init; } = SuperTokenBase.Pooled;

    /// <summary>Input scaling.</summary>
    public InputScaling Scaling { get; init; } = InputScaling.Standardised;

    /// <summary>Choice of tokens.</summary>
    public TokenChoiceRule Choice { get; init; } = TokenChoiceRule.None;

    /// <summary>Width of the importance network's projections of each head.</summary>
    public int ChoiceRank { get; init; } = 16;

    /// <summary>Width of its shared layer.</summary>
    public int ChoiceHidden { get; init; } = 64;

    /// <summary>Share of a head's middle slots that merge the tokens which are not kept, 0 … 1.</summary>
    public double MergedShare { get; init; } = 0.1;

    /// <summary>Closed-form refit of the super-tokens' values.</summary>
    public RefitProbes Refit { get; init; } = RefitProbes.None;

    /// <summary>Ridge strength of the refit, relative to the mean diagonal of XᵀX.</summary>
    public double RefitStrength { get; init; } = 1;

    /// <summary>Queries of each query head that the refit looks at.</summary>
    public int RefitQueries { get; init; } = 256;

    /// <summary>Share of the mean budget n that each head gets [L][H_kv], mean 1; null: the same for all.</summary>
    public IReadOnlyList<IReadOnlyList<double>>? HeadSlots { get; init; }

    /// <summary>
    /// Share of its own slots that each head keeps as recent tokens [L][H_kv], 0 … 1; null: <see cref="Recent"/> for all. Where the windows that are left would be longer
    /// than w_max, they are plain means: a head that looks nearby needs no more.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<double>>? HeadRecent { get; init; }

    /// <summary>How it was trained: for people and records, not read by the program.</summary>
    public JsonObject? Training { get; init; }

    /// <summary>Tokens that the network sees of one window: w_max + 2c.</summary>
    [JsonIgnore]
    public int SeenTokens => LongestWindow + 2 * Neighbours;

    /// <summary>Heads over all layers.</summary>
    [JsonIgnore]
    public int Heads => Model.Layers * Model.KeyValueHeads;

    /// <summary>As the file's metadata holds it.</summary>
    public string ToJson() => SidecarConfigJson.Write(this);

    /// <summary>Reads and checks what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <param name="file">The file, for sentences.</param>
    /// <exception cref="SidecarException">Not such a text, an unknown option, or a value outside its range.</exception>
    public static SidecarConfig FromJson(string json, string file) => SidecarConfigJson.Read(json, file).Checked(file);

    /// <summary>Refuses values that no network can be built from.</summary>
    /// <exception cref="SidecarException">One is outside its range.</exception>
    public SidecarConfig Checked(string file = "sidecar")
    {
        void Range(string name, long value, long from, long to)
        {
            if (value < from || value > to) throw new SidecarException($"{file}: option {name} must be {from} to {to}, found {value}; give another value or take the preset's");
        }
        if (Model is null || Ratios is null || Preset is null) throw new SidecarException($"{file}: the config names no model, preset or ratios; make the file again with ./lst train");
        foreach (var (name, text) in new[] { ("sinks", Sinks), ("recent", Recent) })
            if (text is null || !BudgetExpression.IsValid(text))
                throw new SidecarException($"{file}: option {name} must be a whole number or an expression of n and r such as n/4, found '{text}'; give another value or take the preset's");
        Range("version", Version, 1, 1);
        Range("layers", Model.Layers, 1, 4096);
        Range("key_value_heads", Model.KeyValueHeads, 1, 4096);
        Range("query_heads", Model.QueryHeads, Model.KeyValueHeads, 1 << 16);
        Range("head_dim", Model.HeadDim, 2, 4096);
        Range("super_tokens", SuperTokens, 1, 64);
        Range("longest_window", LongestWindow, SuperTokens, 4096);
        Range("neighbours", Neighbours, 0, 256);
        Range("hidden", Hidden, 1, 1 << 16);
        Range("rank", Rank, 1, 1 << 16);
        Range("encoder_layers", EncoderLayers, 1, 64);
        Range("encoder_heads", EncoderHeads, 1, 256);
        Range("feed_forward", FeedForward, 1, 64);
        Range("refit_queries", RefitQueries, 1, 1 << 20);
        Range("choice_rank", ChoiceRank, 1, 1 << 12);
        Range("choice_hidden", ChoiceHidden, 1, 1 << 16);
        if (!(MergedShare >= 0 && MergedShare <= 1)) throw new SidecarException($"{file}: option merged_share must be 0 to 1, found {MergedShare}; give another value or take the preset's");
        if (Choice == TokenChoiceRule.Learned && (SuperTokens > 1 || Refit != RefitProbes.None || KeySpace != KeySpace.PreRope))
            throw new SidecarException($"{file}: choice 'learned' keeps tokens and merges the others as means: it goes with super_tokens 1, refit 'none' and key_space 'pre-rope'");
        if (Network == SidecarNetwork.Encoder && Hidden % EncoderHeads != 0)
            throw new SidecarException($"{file}: hidden must be a multiple of encoder_heads, found {Hidden} and {EncoderHeads}");
        if (!double.IsFinite(RefitStrength) || RefitStrength < 0) throw new SidecarException($"{file}: option refit_strength must be a finite number of at least 0, found {RefitStrength}");
        if (Bias == SlotBias.Learned && Network == SidecarNetwork.Encoder)
            throw new SidecarException($"{file}: the encoder gives keys and values only; bias 'learned' needs network 'trunk' or 'per-head'; take 'none' or 'log-mass'");
        if (Base == SuperTokenBase.Pooled && Network == SidecarNetwork.Encoder)
            throw new SidecarException($"{file}: the encoder gives no pooling weights; base 'pooled' needs network 'trunk' or 'per-head'; take 'mean'");
        CheckShares(file, "head_slots", HeadSlots, 1e3);
        CheckShares(file, "head_recent", HeadRecent, 1);
        if (HeadSlots is not null && Math.Abs(HeadSlots.Average(row => row.Average()) - 1) > 1e-3)
            throw new SidecarException($"{file}: head_slots must have mean 1, found {HeadSlots.Average(row => row.Average()):0.####}: the total budget is not the heads' to choose");
        return this;
    }

    private void CheckShares(string file, string name, IReadOnlyList<IReadOnlyList<double>>? shares, double most)
    {
        if (shares is null) return;
        if (shares.Count != Model.Layers || shares.Any(row => row is null || row.Count != Model.KeyValueHeads) || shares.Any(row => row.Any(value => !(value >= 0) || value > most)))
            throw new SidecarException($"{file}: {name} must hold {Model.Layers} x {Model.KeyValueHeads} numbers from 0 to {most}");
    }
}
