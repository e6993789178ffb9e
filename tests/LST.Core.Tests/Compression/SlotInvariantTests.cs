using LST.Core.Compression;
using LST.Core.Compression.Invariants;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

/// <summary>What the slots of every method are: how many, where, and what they hold.</summary>
[Collection(InvariantMatrix.Name)]
public class SlotInvariantTests(CompressedCells cells)
{
    public static TheoryData<string, string, string> Cells => MethodCases.Cells;

    [Theory, MemberData(nameof(Cells))]
    public void Ratio_one_returns_the_input_bit_for_bit(string method, string heads, string type)
    {
        foreach (var layer in cells.Get(method, heads, type).Layers.Where(layer => layer.Ratio == Ratio.One))
        {
            using var scope = NewDisposeScope();
            var (keys, values) = layer.Dense();

            Assert.Equal(PlainNumbers.Bits(keys), PlainNumbers.Bits(layer.Compressed.Keys));
            Assert.Equal(PlainNumbers.Bits(values), PlainNumbers.Bits(layer.Compressed.Values));
            Assert.Null(layer.Compressed.Bias);
            for (var h = 0; h < layer.Heads; h++) Assert.Equal(Enumerable.Range(0, layer.Tokens), layer.Positions(h));
        }
    }

    [Theory, MemberData(nameof(Cells))]
    public void Holds_the_planned_slots_in_ascending_order(string method, string heads, string type)
    {
        foreach (var layer in cells.Get(method, heads, type).Layers)
        {
            Assert.Null(SlotPromises.AreAsPlanned(layer.Budget, layer.Compressed));
            Assert.Null(SlotPromises.Ascend(layer.Compressed, layer.Tokens));
            Assert.Null(SlotPromises.AreFinite(layer.Compressed));
            if (!layer.Cell.Traits.HasFlag(MethodTraits.Ragged)) Assert.True(layer.Compressed.IsUniform, $"{layer}: heads differ in length");
        }
    }

    [Theory, MemberData(nameof(Cells))]
    public void Keeps_sinks_and_recents(string method, string heads, string type)
    {
        foreach (var layer in cells.Get(method, heads, type).Layers)
        {
            using var scope = NewDisposeScope();
            var (sinks, recent) = layer.Cell.Spec.Protected(layer.Plan.Slots, layer.Ratio);
            if (sinks + recent > layer.Tokens) continue;
            // Where values are merged into kept tokens, the keys tell.
            var isMerged = layer.Cell.Traits.HasFlag(MethodTraits.KeepsKeys) && !layer.Cell.Traits.HasFlag(MethodTraits.KeepsValues);
            var values = PlainNumbers.Heads(isMerged ? layer.Dense().Keys[0] : layer.Dense().Values[0]);
            var held = PlainNumbers.Of(isMerged ? layer.Compressed.Keys : layer.Compressed.Values);
            for (var h = 0; h < layer.Heads; h++)
            {
                var (first, length, width) = (layer.Compressed.Offsets[h], layer.Compressed.Length(0, h), values[h][0].Length);
                for (var j = 0; j < sinks; j++) Assert.Equal(values[h][j], PlainNumbers.Row(held, first + j, width).ToArray());
                for (var j = 1; j <= recent; j++) Assert.Equal(values[h][^j], PlainNumbers.Row(held, first + length - j, width).ToArray());
                if (layer.Cell.Traits.HasFlag(MethodTraits.Renumbers)) continue;
                Assert.Equal(Enumerable.Range(0, sinks), layer.Positions(h)[..sinks]);
                Assert.Equal(Enumerable.Range(layer.Tokens - recent, recent), layer.Positions(h)[^recent..]);
            }
        }
    }

    [Theory, MemberData(nameof(Cells))]
    public void Selected_slots_are_tokens_of_the_prompt(string method, string heads, string type)
    {
        var cell = cells.Get(method, heads, type);
        foreach (var layer in cell.Layers)
        {
            using var scope = NewDisposeScope();
            var (keys, values) = layer.Dense();
            if (cell.Traits.HasFlag(MethodTraits.KeepsKeys)) AssertSlotsAreTokens(layer, keys[0], layer.Compressed.Keys);
            if (cell.Traits.HasFlag(MethodTraits.KeepsValues)) AssertSlotsAreTokens(layer, values[0], layer.Compressed.Values);
            if (cell.Traits.HasFlag(MethodTraits.Selects)) Assert.Null(layer.Compressed.Bias);
            if (cell.Traits.HasFlag(MethodTraits.Renumbers)) AssertKeysAreTurnedToSlots(layer);
        }
    }

    [Theory, MemberData(nameof(Cells))]
    public void Stays_within_the_budget(string method, string heads, string type)
    {
        var cell = cells.Get(method, heads, type);
        if (cell.Traits.HasFlag(MethodTraits.OwnBudget)) return;
        foreach (var prompt in cell.Layers.GroupBy(layer => (layer.Sample, layer.Ratio)))
        {
            var (plan, config) = (prompt.First().Plan, cell.Model.Config);
            var (sinks, recent) = cell.Spec.Protected(plan.Slots, plan.Ratio);
            var slots = Math.Min(plan.Tokens, Math.Max(plan.Slots, sinks + recent + 1));

            Assert.InRange(prompt.Sum(layer => layer.Compressed.Slots), 1, config.Layers * config.KeyValueHeads * slots);
        }
    }

    [Theory, MemberData(nameof(Cells))]
    public void Reports_the_bytes_that_its_tensors_hold(string method, string heads, string type)
    {
        var cell = cells.Get(method, heads, type);
        foreach (var layer in cell.Layers)
        {
            var compressed = layer.Compressed;
            var shared = Enumerable.Range(0, layer.Heads).All(h => layer.Positions(h).SequenceEqual(layer.Positions(0)));
            var biased = compressed.Bias is not null && PlainNumbers.Of(compressed.Bias).Any(bias => bias != 0);
            var listed = shared ? compressed.Length(0, 0) : Enumerable.Range(0, layer.Heads).Sum(h => compressed.Length(0, h));
            var expected = PlainNumbers.Bits(compressed.Keys).Length + PlainNumbers.Bits(compressed.Values).Length + (biased ? 4 * compressed.Slots : 0) + (4 * listed);

            Assert.Equal(expected, compressed.Bytes);
            Assert.Equal(shared, compressed.PositionsShared);
        }
        foreach (var sample in cell.Samples)
            foreach (var job in sample.Jobs) Assert.Equal(job.Cache.Layers.Sum(layer => layer.Prefix!.Bytes), job.Bytes);
    }

    [Theory, MemberData(nameof(Cells))]
    public void Continues_at_the_true_position(string method, string heads, string type)
    {
        foreach (var layer in cells.Get(method, heads, type).Layers.Where(layer => layer.Layer == 0))
        {
            var next = layer.Cell.Samples[layer.Sample].Jobs[CompressedCells.Ratios.ToList().IndexOf(layer.Ratio)].Cache.NextPositions[0];

            Assert.Equal(layer.Cell.Traits.HasFlag(MethodTraits.Renumbers) ? layer.Compressed.Length(0, 0) : layer.Tokens, next);
        }
    }

    private static void AssertSlotsAreTokens(CellLayer layer, Tensor tokens, Tensor slots)
    {
        var (dense, held) = (PlainNumbers.Heads(tokens), PlainNumbers.Of(slots));
        for (var h = 0; h < layer.Heads; h++)
        {
            var positions = layer.Positions(h);
            for (var i = 0; i < positions.Length; i++)
                Assert.True(PlainNumbers.Row(held, layer.Compressed.Offsets[h] + i, dense[h][0].Length).SequenceEqual(dense[h][positions[i]]), $"{layer}, head {h}, slot {i} is not token {positions[i]}");
        }
    }

    // The value tells which token a slot is; its key must be that token's key, turned from the token's position to the slot's number.
    private static void AssertKeysAreTurnedToSlots(CellLayer layer)
    {
        var (keys, values) = (PlainNumbers.Heads(layer.Dense().Keys[0]), PlainNumbers.Heads(layer.Dense().Values[0]));
        var (heldKeys, heldValues, width) = (PlainNumbers.Of(layer.Compressed.Keys), PlainNumbers.Of(layer.Compressed.Values), keys[0][0].Length);
        var tolerance = layer.Compressed.Keys.dtype == bfloat16 ? 2e-2 : 1e-5;
        var rotary = layer.Cell.Model.Rotary;
        for (var h = 0; h < layer.Heads; h++)
            for (var i = 0; i < layer.Compressed.Length(0, h); i++)
            {
                var row = layer.Compressed.Offsets[h] + i;
                var token = Array.FindIndex(values[h], value => PlainNumbers.Row(heldValues, row, width).SequenceEqual(value));
                Assert.True(token >= 0, $"{layer}, head {h}, slot {i} holds no token's value");
                Assert.Equal(i, layer.Positions(h)[i]);
                var expected = NaiveRotation.Turn(keys[h][token], i - token, rotary.InverseFrequencies);
                Assert.InRange(PlainNumbers.Distance(expected, PlainNumbers.Row(heldKeys, row, width)), 0, tolerance * (1 + expected.Max(Math.Abs)));
            }
    }
}
