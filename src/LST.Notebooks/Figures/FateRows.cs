using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

/// <summary>The cells and words of a token fate map.</summary>
internal sealed class FateRows(TokenFateMap map, TokenWindow window)
{
    private const int Dropped = 0, Sink = 1, Kept = 2, Merged = 3, AlsoMerged = 4, Recent = 5;

    /// <summary>The tokens that are shown.</summary>
    public TokenWindow Window => window;

    /// <summary>Colour of each code: those of the palette; dropped is paler, so that what stays stands out, and merged slots take turns between two tints.</summary>
    public static IReadOnlyList<string> Colours { get; } =
    [
        Palette.Tint(Palette.Fate(null).Colour, 0.45), Palette.Fate(SlotKind.Sink).Colour, Palette.Fate(SlotKind.Kept).Colour,
        Palette.Fate(SlotKind.Merged).Colour, Palette.Tint(Palette.Fate(SlotKind.Merged).Colour, 0.55), Palette.Fate(SlotKind.Recent).Colour,
    ];

    /// <summary>Steps, not a slope.</summary>
    public static JsonArray Scale() => new([.. Colours.SelectMany((colour, i) => new[] { i, i + 1 }.Select(edge => (JsonNode?)new JsonArray(PlotlyJson.Number((double)edge / Colours.Count), colour)))]);

    /// <summary>A method's name in its own colour.</summary>
    public static string Name(string method) => $"<span style=\"color:{LineLabels.Ink(Palette.Method(method).Colour)}\">{TokenText.Escape(Palette.Method(method).Name)}</span>";

    /// <summary>Names of the fates that occur, with their colours.</summary>
    public IEnumerable<(string Name, string Colour)> Key()
    {
        var codes = map.Heads.SelectMany((_, head) => Enumerable.Range(0, map.Rows.Count).SelectMany(row => RowCodes(row, head))).ToHashSet();
        foreach (var (code, name) in new[] { (Sink, "sink"), (Kept, "kept"), (Recent, "recent"), (Merged, "merged"), (AlsoMerged, "merged into another slot"), (Dropped, "dropped") })
            if (codes.Contains(code)) yield return (name, Colours[code]);
    }

    /// <summary>Codes of one head [rows][tokens].</summary>
    public JsonArray Codes(int head) => new([.. map.Rows.Select((_, row) => (JsonNode?)PlotlyJson.Numbers(RowCodes(row, head)))]);

    /// <summary>What hover says of each cell of one head.</summary>
    public JsonArray Hover(int head) => PlotlyJson.Rows(map.Rows.Select(row => window.Of(row.Heads[head].Tokens).Select(Say)));

    /// <summary>What stands behind a row: slots of this head, mean over heads, share of the dense bytes.</summary>
    public string Slots(int row, int head) => $"{map.Rows[row].Heads[head].Slots} · {map.Rows[row].SlotsAHead:0.0} · {100.0 * map.Rows[row].Bytes / map.DenseBytes:0.0} %";

    /// <summary>The title: for one row what it did, for several how far they agree, in the first head.</summary>
    public string Finding()
    {
        var (tokens, where) = (map.Tokens.Count, $"layer {map.Heads[0].Layer}, head {map.Heads[0].Head}");
        if (map.Rows.Count == 1)
        {
            var fates = map.Rows[0].Heads[0].Tokens;
            var (stay, merged) = (fates.Count(fate => fate.Stays), fates.Count(fate => fate.Kind == SlotKind.Merged));
            return $"{TokenText.Escape(Palette.Method(map.Rows[0].Method).Name)} keeps {stay} of {Number.Count(tokens, "token")}, merges {merged} and drops {tokens - stay - merged} in {where}";
        }
        int Of(Func<int, bool> token) => Enumerable.Range(0, tokens).Count(token);
        var (all, none) = (Of(t => map.Rows.All(row => row.Heads[0].Tokens[t].Stays)), Of(t => map.Rows.All(row => !row.Heads[0].Tokens[t].Stays)));
        return $"Of {Number.Count(tokens, "token")} {all} {(all == 1 ? "stays" : "stay")} under every method and {none} under none at {Number.Short(map.Ratio)}:1, in {where}";
    }

    /// <summary>What is drawn.</summary>
    public string Note()
    {
        var (fewest, most) = (map.Rows.Min(row => row.SlotsAHead), map.Rows.Max(row => row.SlotsAHead));
        var slots = most - fewest < 0.05 ? $"{most:0.0} slots a head" : $"{fewest:0.0} to {most:0.0} slots a head: a bias, and positions of single heads, cost bytes that others spend on slots";
        var bounds = window.Bounds("tokens");
        return $"{TokenText.Escape(map.Source)}. A column is a token, a row a method; every cache takes at most {Number.Percent(1 / map.Ratio)} of the dense bytes, which makes {slots}. Neighbours of two shades went into two slots.{(bounds.Length > 0 ? $" Shown: {bounds}." : "")}";
    }

    /// <summary>What is drawn, beside a map that says it at length.</summary>
    public string ShortNote()
    {
        var bounds = window.Bounds("tokens");
        return $"{TokenText.Escape(map.Source)}, at most {Number.Percent(1 / map.Ratio)} of the dense bytes. Hover shows tokens and slots.{(bounds.Length > 0 ? $" Shown: {bounds}." : "")}";
    }

    // Merged slots take turns, so that neighbours are told apart.
    private IEnumerable<int> RowCodes(int row, int head)
    {
        var fates = map.Rows[row].Heads[head].Tokens;
        var turns = fates.Where(fate => fate.Kind == SlotKind.Merged).Select(fate => fate.Slot).Distinct().Index().ToDictionary(turn => turn.Item, turn => turn.Index % 2);
        return window.Of(fates).Select(fate => fate.Kind switch
        {
            SlotKind.Sink => Sink,
            SlotKind.Kept => Kept,
            SlotKind.Merged => turns[fate.Slot] == 0 ? Merged : AlsoMerged,
            SlotKind.Recent => Recent,
            _ => Dropped,
        });
    }

    private static string Say(TokenFate fate) => fate switch
    {
        { Kind: null } => "dropped",
        { Kind: SlotKind.Merged, Slots: > 1 } => $"merged into {fate.Slots} slots, most into {fate.Slot}",
        { Kind: SlotKind.Merged } => $"merged, slot {fate.Slot} of {fate.Tokens}",
        { Kind: SlotKind.Kept, Tokens: > 1 } => $"kept, slot {fate.Slot}, takes in {fate.Tokens - 1}",
        _ => $"{Palette.Fate(fate.Kind).Name}, slot {fate.Slot}",
    };
}
