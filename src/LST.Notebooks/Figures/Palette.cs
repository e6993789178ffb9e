using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

/// <summary>How one thing is drawn wherever it appears: never by colour alone.</summary>
/// <param name="Name">Name to show.</param>
/// <param name="Colour">Colour, <c>#RRGGBB</c>.</param>
/// <param name="Symbol">Marker symbol of plotly.js.</param>
/// <param name="Dash">Line dash of plotly.js.</param>
public sealed record Mark(string Name, string Colour, string Symbol, string Dash = "solid");

/// <summary>
/// One colour, symbol and name for each method, token fate, query source and loss in the whole project. The colours are those of Okabe and Ito (yellow
/// darkened for white paper), which colour-blind readers can tell apart; what shares a colour differs in symbol.
/// </summary>
public static class Palette
{
    /// <summary>Text and axes.</summary>
    public const string Ink = "#222222";

    /// <summary>What is said beside the point: notes, reference lines.</summary>
    public const string Quiet = "#666666";

    private const string Black = "#000000", Grey = "#8C8C8C", Orange = "#E69F00", Sky = "#56B4E9", Green = "#009E73", Yellow = "#B39B00", Blue = "#0072B2", Vermillion = "#D55E00", Purple = "#CC79A7";

    private static readonly string[] FallbackColours = [Blue, Green, Purple, Orange, Sky, Yellow, Grey];
    private static readonly string[] FallbackSymbols = ["circle-open", "square-open", "diamond-open", "triangle-up-open", "pentagon-open", "hexagon-open", "star-open"];
    private static readonly string[] VariantDashes = ["dash", "dot", "dashdot", "longdash", "longdashdot"];

    private static readonly Dictionary<string, Mark> Known = new Mark[]
    {
        new("dense", Black, "circle"), new("random", Grey, "x"), new("mean", Sky, "square"), new("streaming", Green, "triangle-up"),
        new("h2o", Orange, "diamond"), new("tova", Orange, "triangle-down"), new("snapkv", Purple, "cross"), new("pyramidkv", Purple, "triangle-right"),
        new("cam", Green, "hexagon"), new("kvmerger", Sky, "pentagon"), new("weightedkv", Sky, "bowtie"), new("kvzip", Blue, "circle"),
        new("lst", Vermillion, "star"), new("knorm", Yellow, "circle"), new("keydiff", Yellow, "triangle-left"), new("expected-attention", Blue, "diamond-tall"),
        new("adakv", Purple, "diamond-wide"), new("lagkv", Green, "star-square"), new("attention-matching", Blue, "hexagram"),
    }.ToDictionary(mark => mark.Name);

    private static readonly Mark Paper = new("lst (paper)", Vermillion, "star-diamond", "dash");

    /// <summary>Names of methods with a mark of their own.</summary>
    public static IReadOnlyCollection<string> Methods => [.. Known.Keys, "lst:preset=paper"];

    /// <summary>Mark of a method as it was typed. With options it keeps its method's colour and symbol, hollow and dashed; an unknown name always gets the same mark.</summary>
    public static Mark Method(string typed)
    {
        if (typed == "lst:preset=paper") return Paper;
        if (Known.TryGetValue(typed, out var mark)) return mark;
        var parts = typed.Split(':');
        var hash = StableHash(typed);
        if (parts.Length > 1 && Known.TryGetValue(parts[0], out var plain))
            return plain with { Name = $"{parts[0]} ({string.Join(", ", parts[1..].Select(OptionName))})", Symbol = plain.Symbol + "-open", Dash = VariantDashes[hash % VariantDashes.Length] };
        return new Mark(typed, FallbackColours[hash % FallbackColours.Length], FallbackSymbols[hash / 7 % FallbackSymbols.Length], VariantDashes[hash / 49 % VariantDashes.Length]);
    }

    /// <summary>Mark of what became of a token; null: it is in no slot.</summary>
    public static Mark Fate(SlotKind? kind) => kind switch
    {
        SlotKind.Sink => new("sink", "#333333", "square"),
        SlotKind.Kept => new("kept", Blue, "circle"),
        SlotKind.Merged => new("merged", Orange, "diamond"),
        SlotKind.Recent => new("recent", Green, "triangle-up"),
        _ => new("dropped", "#BBBBBB", "x"),
    };

    /// <summary>Mark of a source of queries: <c>continuation</c>, <c>isotropic</c>, <c>rescaled</c>, <c>gaussian</c>, <c>prefix</c>.</summary>
    public static Mark QuerySource(string source) => source switch
    {
        "continuation" => new("real queries", Black, "circle"),
        "isotropic" => new("isotropic probes", Sky, "diamond", "dot"),
        "rescaled" => new("isotropic probes as long as real ones", Purple, "triangle-up", "dashdot"),
        "gaussian" => new("fitted probes", Vermillion, "cross", "dash"),
        "prefix" => new("the prompt’s own queries", Green, "square", "longdash"),
        _ => Method(source),
    };

    /// <summary>Mark of what a sidecar was trained with: <c>untrained</c>, <c>LM</c>, <c>QPAA</c>, <c>LM + QPAA</c>, <c>LM + isotropic QPAA</c>, <c>LM + QPAA + diversity</c>; else a method's.</summary>
    public static Mark Loss(string loss) => loss switch
    {
        "untrained" => new(loss, Grey, "x", "dot"),
        "LM" => new(loss, Blue, "circle"),
        "QPAA" => new(loss, Purple, "cross"),
        "LM + QPAA" => new(loss, Vermillion, "star"),
        "LM + isotropic QPAA" => new(loss, Sky, "diamond", "dash"),
        "LM + diversity" => new(loss, Green, "triangle-up"),
        "LM + QPAA + diversity" => new(loss, Orange, "diamond"),
        _ => Method(loss),
    };

    /// <summary>Magnitudes: white to dark blue, lighter is less in grey too.</summary>
    public static JsonArray Sequential() => Scale("#F7FBFF", "#C6DBEF", "#6BAED6", "#2171B5", "#08306B");

    /// <summary>Differences: blue below, near white at zero, vermillion above; give the trace <c>zmid: 0</c>.</summary>
    public static JsonArray Diverging() => Scale("#08519C", "#6BAED6", "#F7F7F7", "#F4A261", "#B04A00");

    /// <summary>A colour between white and <paramref name="colour"/>: 0 white, 1 the colour.</summary>
    internal static string Tint(string colour, double share)
    {
        int Part(int at) => (int)Math.Round(255 + ((Convert.ToInt32(colour.Substring(at, 2), 16) - 255) * Math.Clamp(share, 0, 1)));
        return $"#{Part(1):X2}{Part(3):X2}{Part(5):X2}";
    }

    private static JsonArray Scale(params string[] colours) =>
        new([.. colours.Select((colour, i) => (JsonNode?)new JsonArray(PlotlyJson.Number(i / (colours.Length - 1.0)), colour))]);

    // key-space=pre-rope → pre-rope, log-mass=true → log-mass: values speak unless they only say yes.
    private static string OptionName(string option) => option.Split('=') is [var name, var value] ? value switch { "true" => name, "false" => "no " + name, _ => double.TryParse(value, out _) ? option : value } : option;

    // string.GetHashCode differs from process to process.
    private static int StableHash(string text) => text.Aggregate(17, (hash, c) => ((hash * 31) + c) & 0x3FFFFFFF);
}
