using System.Text.Json.Nodes;
using LST.Evaluation.Analysis;

namespace LST.Notebooks.Figures;

/// <summary>The numbers of a mass ledger as its traces take them: tokens and slots inside the window, one query at a time.</summary>
internal sealed class LedgerRows
{
    private readonly MassLedger ledger;
    private readonly List<int> slots, dropped;

    public LedgerRows(MassLedger ledger, TokenWindow window)
    {
        (this.ledger, Window) = (ledger, window);
        HasBias = ledger.Compressed.Zip(ledger.WithoutBias).Any(rows => rows.First.Zip(rows.Second).Any(pair => Math.Abs(pair.First - pair.Second) > 1e-6));
        slots = [.. Enumerable.Range(0, ledger.Slots.Count).Where(s => ledger.Slots[s].Tokens.Any(token => token >= window.First && token < window.End))];
        var slotOf = new SlotKind?[ledger.Tokens.Count];
        foreach (var slot in ledger.Slots)
            foreach (var token in slot.Tokens)
                if (token < slotOf.Length) slotOf[token] = slot.Kind;
        dropped = [.. Enumerable.Range(window.First, window.Count).Where(token => slotOf[token] is null)];
        TokenX = [.. Enumerable.Range(window.First, window.Count).Select(token => (double)token)];
        TokenColours = [.. window.Of(slotOf).Select(kind => Palette.Fate(kind).Colour)];
        Fates = [.. window.Of(slotOf).Select(Palette.Fate).Distinct()];
        // A slot's tokens need not be neighbours: its box is as wide as they are many, around their middle.
        SlotX = [.. slots.Select(s => IsOneRun(ledger.Slots[s]) ? (ledger.Slots[s].Tokens.Min() + ledger.Slots[s].Tokens.Max()) / 2.0 : ledger.Slots[s].Tokens.Average())];
        SlotWidths = [.. slots.Select(s => (double)ledger.Slots[s].Tokens.Count)];
        SlotColours = [.. slots.Select(s => Palette.Fate(ledger.Slots[s].Kind).Colour)];
        DifferenceX = [.. SlotX, .. dropped.Select(token => (double)token)];
        DifferenceWidths = [.. SlotWidths, .. dropped.Select(_ => 1.0)];
        DifferenceColours = [.. SlotColours, .. dropped.Select(_ => Palette.Fate(null).Colour)];
    }

    public TokenWindow Window { get; }

    /// <summary>Whether turning the log-mass bias off changes anything: methods that merge nothing have none.</summary>
    public bool HasBias { get; }

    public double[] TokenX { get; }

    public string[] TokenColours { get; }

    public Mark[] Fates { get; }

    public double[] SlotX { get; }

    public double[] SlotWidths { get; }

    public string[] SlotColours { get; }

    public double[] DifferenceX { get; }

    public double[] DifferenceWidths { get; }

    public string[] DifferenceColours { get; }

    public IEnumerable<string> Labels => Window.Of(ledger.Tokens).Select(TokenText.Label);

    public double[] Dense(int query) => [.. Window.Of(ledger.Dense[query]).Select(mass => (double)mass)];

    public double[] Slots(IReadOnlyList<IReadOnlyList<float>> masses, int query) => [.. slots.Select(s => (double)masses[query][s])];

    /// <summary>Compressed minus dense, slot by slot; what dropped tokens held is missing altogether.</summary>
    public double[] Difference(IReadOnlyList<IReadOnlyList<float>> masses, int query) =>
        [.. slots.Select(s => masses[query][s] - DenseOf(query, s)), .. dropped.Select(token => -(double)ledger.Dense[query][token])];

    /// <summary>Share of the attention mass that is not where the dense cache has it: half the summed differences, over all slots and dropped tokens.</summary>
    public double Misplaced(IReadOnlyList<IReadOnlyList<float>> masses, int query)
    {
        var inSlots = Enumerable.Range(0, ledger.Slots.Count).ToArray();
        var missing = ledger.Dense[query].Sum(mass => (double)mass) - inSlots.Sum(s => DenseOf(query, s));
        return (inSlots.Sum(s => Math.Abs(masses[query][s] - DenseOf(query, s))) + Math.Max(0, missing)) / 2;
    }

    /// <summary>The query whose mass the bias puts back the most; where there is none, the one with the most in the wrong place.</summary>
    public int MostTelling() => Enumerable.Range(0, ledger.Queries.Count).MaxBy(q => Misplaced(ledger.WithoutBias, q) - (HasBias ? Misplaced(ledger.Compressed, q) : 0));

    public string Finding()
    {
        var queries = Enumerable.Range(0, ledger.Queries.Count).ToArray();
        var (with, without) = (Number.Median(queries.Select(q => Misplaced(ledger.Compressed, q))), Number.Median(queries.Select(q => Misplaced(ledger.WithoutBias, q))));
        var misplaced = $"{Number.Percent(with)} of the attention mass is misplaced";
        return $"{(HasBias ? $"With the log-mass bias {misplaced}, without it {Number.Percent(without)}" : misplaced)} (median of {queries.Length} {(queries.Length == 1 ? "query" : "queries")})";
    }

    public string Sentence(int query)
    {
        var misplaced = Number.Percent(Misplaced(ledger.Compressed, query)) + (HasBias ? $" with bias, {Number.Percent(Misplaced(ledger.WithoutBias, query))} without" : "");
        return $"<b>“{TokenText.Label(ledger.Queries[query])}”</b> at position {ledger.QueryPositions[query]:#,0}: misplaced {misplaced}";
    }

    /// <summary>What a step of the slider writes into the traces, in their order.</summary>
    public JsonObject Update(int query)
    {
        var dense = slots.Select(s => DenseOf(query, s)).ToArray();
        double[][] y = [Dense(query), Slots(ledger.Compressed, query), Difference(ledger.Compressed, query), Slots(ledger.WithoutBias, query), Difference(ledger.WithoutBias, query)];
        return new JsonObject
        {
            ["y"] = new JsonArray([.. y.Select(row => (JsonNode?)PlotlyJson.Numbers(row.Select(Axis.Root))), PlotlyJson.Numbers(dense.SelectMany(mass => new[] { Axis.Root(mass), Axis.Root(mass), double.NaN }))]),
            ["customdata"] = new JsonArray([.. y.Select((row, trace) => (JsonNode?)PlotlyJson.Texts(row.Select((mass, i) => Hover(trace, i, mass)))), new JsonArray()]),
        };
    }

    private string Hover(int trace, int i, double mass) => trace switch
    {
        0 => $"“{TokenText.Label(ledger.Tokens[Window.First + i])}” {Window.First + i}: {mass:0.####}",
        1 or 3 => $"slot {slots[i]} ({Number.Count(ledger.Slots[slots[i]].Tokens.Count, "token")}): {mass:0.####}",
        _ => $"{(i < slots.Count ? $"slot {slots[i]}" : $"dropped “{TokenText.Label(ledger.Tokens[dropped[i - slots.Count]])}”")}: {mass:+0.####;-0.####;0}",
    };

    private double DenseOf(int query, int slot) => ledger.Slots[slot].Tokens.Where(token => token < ledger.Dense[query].Count).Sum(token => (double)ledger.Dense[query][token]);

    private static bool IsOneRun(SlotView slot) => slot.Tokens.Max() - slot.Tokens.Min() + 1 == slot.Tokens.Count;
}
