using LST.Core.Baselines;
using LST.Core.Compression;
using LST.Core.Tests.Sidecar;

namespace LST.Core.Tests.Compression;

/// <summary>What a method promises, so that the shared matrix knows which invariants hold for it.</summary>
[Flags]
public enum MethodTraits
{
    /// <summary>The common ones alone.</summary>
    None = 0,

    /// <summary>Every slot's key is a key of the prompt, at its own position.</summary>
    KeepsKeys = 1,

    /// <summary>Every slot's value is the value of the prompt's token at the slot's position.</summary>
    KeepsValues = 2,

    /// <summary>Key, value and position of every slot are those of one token.</summary>
    Selects = KeepsKeys | KeepsValues,

    /// <summary>Slots are weighted means of neighbouring tokens; counts tell how many.</summary>
    Averages = 4,

    /// <summary>Keys are turned to slot numbers and the next token stands at n.</summary>
    Renumbers = 8,

    /// <summary>Heads may hold different numbers of slots.</summary>
    Ragged = 16,

    /// <summary>Its size does not follow the budget n: dense, and options that ask for another rule.</summary>
    OwnBudget = 32,

    /// <summary>What a slot is made of follows from keys or attention and not from positions alone.</summary>
    ByContent = 64,

    /// <summary>Values are sums with weights that do not sum up to 1, and a token may be in several.</summary>
    Adds = 128,

    /// <summary>Biases and values are a least squares fit to queries: rounding moves them along what the queries do not tell apart.</summary>
    Fits = 256,

    /// <summary>Draws random numbers for every query head.</summary>
    DrawsByQueryHead = 512,
}

/// <summary>
/// The shared test matrix: every registered method, and variants whose options change what it does. A new method joins by its registry line; if it is
/// more than a selection it says so in <see cref="TraitsOf"/>.
/// </summary>
public static class MethodCases
{
    private static readonly string[] Variants =
    [
        "mean:key-space=pre-rope:log-mass=true", "mean:log-mass=true:sinks=1:recent=3", "mean:grouping=fixed-window:sinks=2:recent=2", "mean:window=3:sinks=0:recent=0", "mean:budget=middle",
        "streaming:positions=cache-index", "streaming:sinks=0",
        "h2o:normalize=by-count:recent=0", "h2o:sinks=2:group=max:recent=n/4",
        "tova:keep-last=true",
        "snapkv:observe=4:kernel=3:pooling=avg", "snapkv:observe=6:kernel=5:group=sum:group-order=pool-first", "snapkv:observe=n/3:pooling=none:group=max",
        "pyramidkv:observe=4:kernel=3:pooling=avg:beta=5", "pyramidkv:observe=n/3:group-order=pool-first",
        "cam:base=h2o", "cam:sampling=expectation:targets=3:denominator=max:sinks=1", "cam:base=h2o:sinks=2:recent=3:sampling=expectation:targets=5",
        "kvmerger:recent=6:heavy=0:log-mass=true", "kvmerger:max-run=3:sigma=5:heavy=4", "kvmerger:mode=paper:epsilon=0.3", "kvmerger:mode=paper:epsilon=0:log-mass=true:recent=2:heavy=1:max-run=5",
        "weightedkv:mode=segment-mean", "weightedkv:sinks=0:recent=0",
        "expected-attention:covariance=false:epsilon=0.02:sinks=2", "expected-attention:value-norm=false:future=9:sinks=0",
        "adakv:observe=4:kernel=3:alpha=0", "adakv:scorer=h2o:recent=8:normalize=by-count", "adakv:scorer=tova:keep-last=true", "adakv:scorer=knorm:alpha=0.5", "adakv:scorer=keydiff",
        "adakv:scorer=pyramidkv:observe=5", "adakv:scorer=expected-attention:epsilon=0.02", "adakv:scorer=kvzip:sinks=2", "adakv:scorer=lagkv:lag=8",
        "kvzip:layerwise=true", "kvzip:chunk=11:sinks=2", "kvzip:sinks=0",
        "lagkv:lag=8", "lagkv:lag=5:sinks=1",
        "matching:selection=omp", "matching:drop-below=0.5:gradient-steps=0", "matching:probes=gaussian:ridge=1e-6", "matching:probes=isotropic", "matching:probes=repeat",
        "lst:preset=lst-large:sidecar=untrained", "lst:preset=paper:sidecar=untrained",
    ];

    /// <summary>As typed; a name that begins with <c>random-</c> stands where a sidecar's file would.</summary>
    public static IReadOnlyList<string> Typed { get; } =
        [.. MethodRegistry.Entries.Select(entry => entry.Name == "lst" ? "lst:sidecar=untrained" : entry.Name), .. Variants, .. RandomSidecar.Kinds.Select(kind => $"lst:sidecar={kind}")];

    /// <summary>Method × head layout × storage type.</summary>
    public static TheoryData<string, string, string> Cells => [.. from method in Typed from heads in new[] { "mha", "gqa" } from type in new[] { "fp32", "bf16" } select (method, heads, type)];

    /// <summary>Methods alone.</summary>
    public static TheoryData<string> Methods => [.. Typed];

    public static TheoryData<string> Having(MethodTraits traits) => [.. Typed.Where(typed => MethodSpec.Parse(typed).HasTraits(traits))];

    public static MethodTraits TraitsOf(MethodSpec spec) => spec.Name switch
    {
        "dense" => MethodTraits.Selects | MethodTraits.OwnBudget,
        "mean" => MethodTraits.Averages | (spec.Options["budget"] == "middle" || !spec.Options.IsAutomatic("window") ? MethodTraits.OwnBudget : 0),
        "streaming" => spec.Options["positions"] == "cache-index" ? MethodTraits.Renumbers : MethodTraits.Selects,
        "cam" => MethodTraits.KeepsKeys | MethodTraits.ByContent | MethodTraits.Adds,
        "kvmerger" => MethodTraits.Averages | MethodTraits.ByContent | (spec.Options["mode"] == "paper" ? MethodTraits.Ragged | MethodTraits.OwnBudget : 0),
        "weightedkv" => MethodTraits.KeepsKeys | MethodTraits.Averages | MethodTraits.ByContent,
        "kvzip" or "adakv" => MethodTraits.Selects | MethodTraits.Ragged,
        "attention-matching" => MethodTraits.KeepsKeys | MethodTraits.Fits | (spec.Options["selection"] == "omp" || !spec.Options.IsAutomatic("drop-below") ? MethodTraits.Ragged : 0)
            | (spec.Options["probes"] is "gaussian" or "isotropic" ? MethodTraits.DrawsByQueryHead : 0),
        "lst" => spec.Options["sidecar"] switch
        {
            // Its zero initialisation is mean pooling; the paper's norm rule makes longer vectors of them.
            "untrained" => spec.Options["preset"] == "paper" ? MethodTraits.None : MethodTraits.Averages,
            "random-budgets" or "random-choice-budgets" => MethodTraits.Ragged,
            _ => MethodTraits.None,
        },
        _ => MethodTraits.Selects,
    };

    public static bool HasTraits(this MethodSpec spec, MethodTraits traits) => TraitsOf(spec).HasFlag(traits);

    /// <summary>A compressor that needs neither a tokenizer nor a trained file.</summary>
    public static IKvCompressor CreateWithPrompt(this MethodSpec spec)
    {
        if (spec.Name == "lst" && RandomSidecar.Kinds.Contains(spec.Options["sidecar"])) return new RandomSidecarCompressor(spec.Options["sidecar"]);
        var compressor = spec.Entry.Create(spec.Options);
        if ((compressor is AdaKv shared ? shared.Scorer : compressor) is KvZip zip) zip.Prompt = new KvZipPrompt([91, 92, 93], [94, 95], [90]);
        if (compressor is AttentionMatching matching) matching.Prompt = new KvZipPrompt([91, 92, 93], [94, 95], [90]);
        return compressor;
    }

    /// <summary>s and R that the method's options ask for at a budget of n.</summary>
    public static (int Sinks, int Recent) Protected(this MethodSpec spec, int slots, Ratio ratio)
    {
        int Asked(string key) => spec.Options.Values.ContainsKey(key) && !spec.Options.IsAutomatic(key) ? spec.Options.Slots(key, slots, ratio) : 0;
        return spec.Name switch
        {
            "cam" when spec.Options.IsAutomatic("sinks") && spec.Options["base"] == "streaming" => (4, Asked("recent")),
            "weightedkv" => (Asked("sinks"), Math.Max(1, spec.Options.IsAutomatic("recent") ? (slots / 2) - Asked("sinks") : Asked("recent"))),
            _ => (Asked("sinks"), Asked("recent")),
        };
    }
}
