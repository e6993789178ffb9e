using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Evaluation.Analysis;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Analysis;

/// <summary>Slots, their mass, and what they stand for, against sums written out in double precision.</summary>
public sealed class CompressedAnalysisTests(TinyPrompt tiny) : IClassFixture<TinyPrompt>
{
    private const int Layer = 1;

    public static TheoryData<string, int?> Methods => TinyPrompt.Methods;

    [Theory, MemberData(nameof(Methods))]
    public void Mass_over_tokens_and_slots_is_a_softmax_over_the_prefix_alone(string method, int? window)
    {
        using var prompt = tiny.Open(window);
        using var scope = NewDisposeScope();
        var made = prompt.Compress(method, 3);
        var (held, packed) = (prompt.Layers[Layer], made.Layers[Layer]);

        foreach (var head in new[] { 0, 5 })
        {
            var ledger = made.MassLedger(Layer, head, 62..80);

            var kv = head / 3;
            var (tokens, slots) = (PlainAttention.Rows(held.Keys[kv]), PlainAttention.Rows(packed.Keys.narrow(0, packed.Offsets[kv], packed.Length(0, kv))));
            var (queries, turned) = (PlainAttention.Rows(held.Queries[head]), PlainAttention.Rows(PrefixAttention.Turned(held.Queries[head], made.Shift, prompt.Model.Rotary)));
            for (var q = 0; q < ledger.Queries.Count; q++)
            {
                var position = 62 + q;
                double Seen(double score, int at) => window is { } length && position - at >= length ? double.NegativeInfinity : score;
                double Slot(int i, double bias) => Seen(PlainAttention.Score(turned[position], slots[i]) + bias, packed.Positions[packed.Offsets[kv] + i] - made.Shift);
                double Bias(int i) => packed.Bias is null ? 0 : packed.Bias[packed.Offsets[kv] + i].item<float>();
                PlainAttention.Near(PlainAttention.Softmax([.. Enumerable.Range(0, 60).Select(j => Seen(PlainAttention.Score(queries[position], tokens[j]), j))]), ledger.Dense[q], 2e-5);
                PlainAttention.Near(PlainAttention.Softmax([.. Enumerable.Range(0, slots.Length).Select(i => Slot(i, Bias(i)))]), ledger.Compressed[q], 2e-5);
                PlainAttention.Near(PlainAttention.Softmax([.. Enumerable.Range(0, slots.Length).Select(i => Slot(i, 0))]), ledger.WithoutBias[q], 2e-5);
            }
            Assert.Equal(Enumerable.Range(62, 18), ledger.QueryPositions);
            Assert.Equal(slots.Length, ledger.Slots.Count);
            Assert.Equal(60, ledger.Tokens.Count);
        }
    }

    [Theory, MemberData(nameof(Methods))]
    public void Slots_know_their_tokens_norms_and_bias(string method, int? window)
    {
        using var prompt = tiny.Open(window);
        using var scope = NewDisposeScope();
        var made = prompt.Compress(method, 3);
        var packed = made.Layers[Layer];

        for (var head = 0; head < 2; head++)
        {
            var slots = made.SlotsOf(Layer, head);

            Assert.Equal(packed.Length(0, head), slots.Count);
            var (keys, norms) = (PlainAttention.Rows(packed.Keys.narrow(0, packed.Offsets[head], slots.Count)), PlainAttention.Rows(prompt.Layers[Layer].Keys[head]).Select(PlainAttention.Norm).ToArray());
            for (var i = 0; i < slots.Count; i++)
            {
                Assert.Equal(PlainAttention.Norm(keys[i]) / slots[i].Tokens.Average(token => norms[token]), slots[i].NormRatio, 1e-4);
                if (slots[i].Kind != SlotKind.Merged) Assert.Equal(1, slots[i].NormRatio, 1e-4);
                Assert.Equal(packed.Bias is null ? 0 : packed.Bias[packed.Offsets[head] + i].item<float>(), slots[i].Bias);
                Assert.Equal(1, slots[i].Weights.Sum(), 1e-5);
            }
            Assert.Equal(slots.Select(slot => slot.Position).Order(), slots.Select(slot => slot.Position));
        }
    }

    [Fact]
    public void A_strip_shows_whole_slots_and_counts_tokens_from_its_first()
    {
        using var prompt = tiny.Open();
        var made = prompt.Compress("mean", 4);
        var all = made.Ingredients(0, 1);
        var merged = all.Slots.First(slot => slot.Tokens.Count > 2);

        var part = made.Ingredients(0, 1, (merged.Tokens[0] + 1)..(merged.Tokens[^1]));

        Assert.Equal((0, 60), (all.FirstToken, all.Tokens.Count));
        Assert.Equal(merged.Tokens[0], part.FirstToken);
        Assert.Equal(all.Tokens.Skip(merged.Tokens[0]).Take(merged.Tokens.Count), part.Tokens);
        Assert.Equal(Enumerable.Range(0, merged.Tokens.Count), Assert.Single(part.Slots).Tokens);
        Assert.Equal(merged.Position, part.Slots[0].Position);
    }

    [Theory, InlineData(null), InlineData(35)]
    public void A_strip_of_dropping_methods_leaves_tokens_without_slots(int? window)
    {
        using var prompt = tiny.Open(window);

        var strip = prompt.Compress("snapkv:observe=6", 3).Ingredients(Layer, 0);

        Assert.Equal(20, strip.Slots.Count);
        Assert.All(strip.Slots, slot => Assert.Equal([slot.Position], slot.Tokens));
        Assert.Equal(Enumerable.Range(54, 6), strip.Slots.Where(slot => slot.Kind == SlotKind.Recent).Select(slot => slot.Position));
    }

    [Theory, InlineData("mean:log-mass=true", null), InlineData("lst:sidecar=untrained", null), InlineData("lst:sidecar=untrained", 35)]
    public void A_window_and_its_slot_are_compared_for_every_query(string method, int? window)
    {
        using var prompt = tiny.Open(window);
        using var scope = NewDisposeScope();
        var made = prompt.Compress(method, 3);

        var pairs = made.LogMassPairs(Layer, 4, 60..70);

        var (held, packed) = (prompt.Layers[Layer], made.Layers[Layer]);
        var (tokens, queries) = (PlainAttention.Rows(held.Keys[1]), PlainAttention.Rows(held.Queries[4]));
        var slots = made.SlotsOf(Layer, 1);
        List<double> mass = [], with = [], without = [];
        for (var position = 60; position < 70; position++)
            for (var i = 0; i < slots.Count; i++)
            {
                if (slots[i].Kind != SlotKind.Merged || (window is { } length && (position - slots[i].Tokens[0] >= length || position - slots[i].Position >= length))) continue;
                var score = PlainAttention.Score(queries[position], PlainAttention.Rows(packed.Keys.narrow(0, packed.Offsets[1] + i, 1))[0]);
                mass.Add(PlainAttention.LogSumExp(slots[i].Tokens.Select(token => PlainAttention.Score(queries[position], tokens[token]))));
                with.Add(score + slots[i].Bias);
                without.Add(score);
            }
        Assert.NotEmpty(mass);
        PlainAttention.Near(mass, pairs.Window, 1e-4);
        PlainAttention.Near(with, pairs.WithBias, 1e-4);
        PlainAttention.Near(without, pairs.WithoutBias, 1e-4);
    }

    [Fact]
    public void Super_tokens_of_one_window_are_taken_together()
    {
        using var prompt = tiny.Open();
        using var scope = NewDisposeScope();
        var shape = TinyPrompt.Config;
        using var sidecar = SidecarModule.Untrained(SidecarPresets.Of("lst", "tiny", null, shape, Ratio.Of(3)) with { SuperTokens = 2, LongestWindow = 16 });
        using var compressor = SuperTokenCompressor.Around(sidecar);
        var made = prompt.Compress("pairs", compressor, Ratio.Of(3), TestContext.Current.CancellationToken);
        var merged = made.SlotsOf(Layer, 0).Where(slot => slot.Kind == SlotKind.Merged).ToList();

        var pairs = made.LogMassPairs(Layer, 0, 60..61);

        Assert.Equal(merged[0].Tokens, merged[1].Tokens);
        Assert.Equal(merged.Count / 2, pairs.Window.Count);
        CompressedLayer packed = made.Layers[Layer];
        var query = PlainAttention.Rows(prompt.Layers[Layer].Queries[0])[60];
        var first = made.SlotsOf(Layer, 0).ToList().IndexOf(merged[0]);
        var expected = PlainAttention.LogSumExp(Enumerable.Range(first, 2).Select(i => PlainAttention.Score(query, PlainAttention.Rows(packed.Keys.narrow(0, i, 1))[0]) + packed.Bias![i].item<float>()));
        Assert.Equal(expected, pairs.WithBias[0], 1e-4);
    }

    [Fact]
    public void A_sidecar_that_chooses_tells_kept_tokens_from_runs()
    {
        using var prompt = tiny.Open();
        var config = SidecarPresets.Of("lst", "tiny", null, TinyPrompt.Config, Ratio.Of(4)) with
        {
            Network = SidecarNetwork.Means, Neighbours = 0, Bias = SlotBias.LogMass, Base = SuperTokenBase.Mean, Choice = TokenChoiceRule.Learned, MergedShare = 0.4, Recent = "3",
        };
        using var sidecar = SidecarModule.Untrained(config);
        using var compressor = SuperTokenCompressor.Around(sidecar);

        var slots = prompt.Compress("choice", compressor, Ratio.Of(4), TestContext.Current.CancellationToken).SlotsOf(Layer, 1);

        // 15 slots: 4 sinks, 3 recents, 8 in the middle of which ⌊0.4·8⌋ are runs.
        Assert.Equal([4, 5, 3, 3], new[] { SlotKind.Sink, SlotKind.Kept, SlotKind.Merged, SlotKind.Recent }.Select(kind => slots.Count(slot => slot.Kind == kind)));
        Assert.Equal(Enumerable.Range(0, 60), slots.SelectMany(slot => slot.Tokens).Order());
        Assert.All(slots.Where(slot => slot.Kind == SlotKind.Merged), slot => Assert.Equal(Math.Log(slot.Tokens.Count), slot.Bias, 1e-5));
    }
}
