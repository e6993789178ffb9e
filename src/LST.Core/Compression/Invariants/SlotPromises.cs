using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Compression.Invariants;

/// <summary>What the slots of every compressed layer must be. Each rule says what it found against itself, or null.</summary>
internal static class SlotPromises
{
    /// <summary>At ratio 1: every token in its place, bit for bit, and no bias.</summary>
    public static string? IsIdentity(Tensor keys, Tensor values, CompressedLayer made)
    {
        using var scope = NewDisposeScope();
        var (heads, tokens) = ((int)keys.shape[0], (int)keys.shape[1]);
        for (var h = 0; h < heads; h++)
            if (!Positions(made, h).AsSpan().SequenceEqual(Enumerable.Range(0, tokens).ToArray())) return $"head {h} holds {made.Length(0, h)} of {tokens} tokens, or not in their order";
        if (!made.Keys.Equals(keys.reshape(heads * tokens, -1))) return "a key is not the prompt's";
        if (!made.Values.Equals(values.reshape(heads * tokens, -1))) return "a value is not the prompt's";
        return made.Bias is null ? null : "slots have a bias";
    }

    /// <summary>As many slots as were planned, by the budget's rule, and at least one a head.</summary>
    public static string? AreAsPlanned(LayerBudget budget, CompressedLayer made)
    {
        if (budget.Rule == BudgetRule.WholeLayer && made.Slots != budget.Total) return $"the layer holds {made.Slots} slots where {budget.Total} were planned";
        for (var h = 0; h < made.KeyValueHeads; h++)
        {
            var (held, planned) = (made.Length(0, h), budget.SlotsByHead[h]);
            if (held == 0) return $"head {h} holds no slot";
            if (budget.Rule == BudgetRule.EachHead && held != planned) return $"head {h} holds {held} slots where {planned} were planned";
            if (budget.Rule == BudgetRule.AtMost && held > planned) return $"head {h} holds {held} slots where at most {planned} were planned";
        }
        return null;
    }

    /// <summary>Positions of every head ascend and are positions of the prompt.</summary>
    public static string? Ascend(CompressedLayer made, int tokens)
    {
        for (var h = 0; h < made.KeyValueHeads; h++)
        {
            var positions = Positions(made, h);
            if (positions.Any(position => position < 0 || position >= tokens)) return $"head {h} has a position outside 0 to {tokens - 1}";
            for (var i = 1; i < positions.Length; i++)
                if (positions[i] <= positions[i - 1]) return $"head {h} has position {positions[i]} behind {positions[i - 1]}";
        }
        return null;
    }

    /// <summary>A slot that is said to be a token holds its value, and at the token's own position its key, bit for bit.</summary>
    public static string? HoldTheirTokens(LayerContext layer, CompressedLayer made, IReadOnlyList<IReadOnlyList<SlotOrigin>> origins)
    {
        using var scope = NewDisposeScope();
        for (var h = 0; h < made.KeyValueHeads; h++)
        {
            if (origins[h].Count != made.Length(0, h)) return $"head {h} has {made.Length(0, h)} slots and says what {origins[h].Count} are made of";
            for (var i = 0; i < origins[h].Count; i++)
            {
                var (origin, row) = (origins[h][i], made.Offsets[h] + i);
                if (origin.Part == SlotPart.Merged) continue;
                var token = origin.Tokens[0];
                if (!made.Values[row].Equals(layer.Values[h][token])) return $"slot {i} of head {h} is said to be token {token}, but its value is another";
                if (made.Positions[row] == token && !made.Keys[row].Equals(layer.Keys[h][token])) return $"slot {i} of head {h} is said to be token {token}, but its key is another";
            }
        }
        return null;
    }

    /// <summary>Keys, values and biases are finite.</summary>
    public static string? AreFinite(CompressedLayer made)
    {
        using var scope = NewDisposeScope();
        foreach (var (name, numbers) in new[] { ("key", made.Keys), ("value", made.Values), ("bias", made.Bias) })
            if (numbers is not null && !numbers.isfinite().all().item<bool>()) return $"a {name} is not finite";
        return null;
    }

    /// <summary>Two layers have the same slots, up to rounding.</summary>
    /// <param name="expected">One.</param>
    /// <param name="found">The other.</param>
    /// <param name="tolerance">Largest difference of a number; 0: bit for bit.</param>
    public static string? AreTheSame(CompressedLayer expected, CompressedLayer found, double tolerance)
    {
        using var scope = NewDisposeScope();
        if (!expected.Offsets.SequenceEqual(found.Offsets)) return "heads hold other numbers of slots";
        if (!expected.Positions.SequenceEqual(found.Positions)) return "other tokens are kept";
        if (expected.Bias is null != found.Bias is null) return "one has a bias, the other none";
        foreach (var (name, one, other) in new[] { ("key", expected.Keys, found.Keys), ("value", expected.Values, found.Values), ("bias", expected.Bias, found.Bias) })
        {
            if (one is null || other is null || one.numel() == 0) continue;
            var difference = (one.to(float64) - other.to(float64)).abs().max().item<double>();
            if (!(difference <= tolerance)) return $"a {name} differs by {difference:0.0e0}";
        }
        return null;
    }

    private static int[] Positions(CompressedLayer made, int head) => made.Positions.Slice(made.Offsets[head], made.Length(0, head)).ToArray();
}
