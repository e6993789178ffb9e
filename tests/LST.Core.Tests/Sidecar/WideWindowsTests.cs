using CsCheck;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>Heads that are told how many recents they keep: what is behind may lie in windows that are longer than the network sees.</summary>
public class WideWindowsTests
{
    private static readonly ModelConfig Shape = TinyModels.Mha with { Layers = 2, KeyValueHeads = 3, QueryHeads = 6, HeadDim = 6 };

    [Fact]
    public void Recents_are_kept_slots_are_exact_and_windows_are_wide_only_where_they_must_be() =>
        (from m in Gen.Int[1, 3]
         from longest in Gen.Int[m, 12]
         from tokens in Gen.Int[1, 300]
         from slots in Gen.Int[0, tokens + 2]
         from sinks in Gen.Int[0, 9]
         from recent in Gen.Int[0, 100]
         select (m, longest, tokens, slots, sinks, recent)).Sample(x =>
         {
             var plan = WindowPlan.MakeWithRecent(WindowPlanTests.Config(x.longest, x.m), x.tokens, x.slots, x.sinks, x.recent);

             Assert.Equal(x.slots >= x.tokens || x.slots < 1, plan is null);
             if (plan is null) return;
             Assert.Equal(x.slots, plan.Slots);
             Assert.Equal(Math.Min(x.sinks, x.slots - 1), plan.Sinks);
             var recent = Math.Min(x.recent, x.slots - 1 - plan.Sinks);
             Assert.InRange(plan.Recent, recent, plan.IsWide ? recent : recent + x.m - 1);
             Assert.Equal(plan.IsWide ? 1 : x.m, plan.SuperTokens);
             var next = plan.Sinks;
             foreach (var (first, count) in plan.Windows)
             {
                 Assert.Equal(next, first);
                 next += count;
             }
             Assert.Equal(x.tokens - plan.Recent, next);
             Assert.InRange(plan.Windows.Max(window => window.Count) - plan.Windows.Min(window => window.Count), 0, 1);
             if (!plan.IsWide) Assert.All(plan.Windows, window => Assert.InRange(window.Count, x.m, x.longest));
             else Assert.True((x.slots - plan.Sinks - recent) / x.m * (long)x.longest < x.tokens - plan.Sinks - recent);
         }, iter: 3000, threads: 1);

    [Theory, InlineData(KeySpace.PreRope, SlotBias.Learned, 1), InlineData(KeySpace.PostRope, SlotBias.None, 1), InlineData(KeySpace.PreRope, SlotBias.LogMass, 2), InlineData(KeySpace.PostRope, SlotBias.Learned, 2)]
    public void Wide_windows_are_means_with_their_mass_beside_super_tokens(KeySpace space, SlotBias bias, int m)
    {
        foreach (var kinds in new[] { "wide normal dense", "normal wide wide", "wide dense wide", "wide wide wide" })
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            var config = RandomSidecar.Config(SidecarNetwork.Trunk, Shape) with { KeySpace = space, Bias = bias, SuperTokens = m, Norm = NormRule.Hard, LongestWindow = 5, Neighbours = 1 };
            using var sidecar = RandomSidecar.Of(config, 4);
            var context = RandomContext.Of(Shape, 31, 5, layer: 1);
            using var batch = new WindowBatch(config, [.. kinds.Split(' ').Select(kind => kind switch
            {
                "wide" => WindowPlan.MakeWithRecent(config, 31, 9, 2, 5),
                "normal" => WindowPlan.MakeWithRecent(config, 31, 18, 2, 3),
                _ => null,
            })], 31, context.Rotary, CPU);
            Assert.Equal(kinds.Split(' ').Select(kind => kind == "wide"), batch.Plans.Select(plan => plan is { IsWide: true }));

            var made = sidecar.Compress(1, space == KeySpace.PreRope ? context.CapturedPreRopeKeys! : context.Keys, context.Values, batch).Packed(context.Keys, context.Values, batch);

            for (var h = 0; h < 3; h++) AssertHead(sidecar, context, batch, made, h);
            Assert.Equal(31 * 3, made.Counts!.Sum(), 1e-3);
        }
    }

    [Fact]
    public void Layers_of_as_many_wide_windows_as_pairs_are_not_mixed_up()
    {
        // 4 windows of two super-tokens in the one layer, 4 wide ones in the other, between as many sinks and recents.
        using var scope = NewDisposeScope();
        var shape = Shape with { KeyValueHeads = 1, QueryHeads = 1 };
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config(SidecarNetwork.Trunk, shape) with
        {
            SuperTokens = 2, LongestWindow = 12, Sinks = "2", HeadSlots = [[14 / 12.0], [10 / 12.0]], HeadRecent = [[0.29], [0.4]],
        }, 3);
        using var compressor = SuperTokenCompressor.Around(sidecar);
        var plan = compressor.Plan(new PlanContext(48, 2, 1, Ratio.Of(4)));
        Assert.Equal([14, 10], plan.Layers.Select(layer => layer.SlotsByHead[0]));

        foreach (var layer in new[] { 0, 1 })
        {
            using var made = compressor.Compress(RandomContext.Of(shape, 48, 7, layer: layer), plan.Layers[layer]);
            Assert.Equal(plan.Layers[layer].SlotsByHead[0], made.Slots);
        }
    }

    private static void AssertHead(SidecarModule sidecar, LayerContext context, WindowBatch batch, CompressedLayer made, int head)
    {
        var (start, plan, rotary) = (made.Offsets[head], batch.Plans[head], context.Rotary);
        if (plan is null)
        {
            Assert.Equal(PlainNumbers.Bits(context.Keys[head]), PlainNumbers.Bits(made.Keys.narrow(0, start, 31)));
            return;
        }
        var isPreRope = sidecar.Config.KeySpace == KeySpace.PreRope;
        var dense = new PlainLayer(PlainNumbers.Heads(isPreRope ? context.CapturedPreRopeKeys! : context.Keys), PlainNumbers.Heads(context.Values));
        double[] Mean(double[][] rows) => [.. Enumerable.Range(0, 6).Select(d => rows.Average(row => row[d]))];
        var expected = plan.IsWide
            ? plan.Windows.Select(w =>
            {
                var (key, position) = (Mean(dense.Keys[head][w.First..(w.First + w.Count)]), w.First + ((w.Count - 1) / 2));
                return new NaiveSuperToken(isPreRope ? NaiveRotation.Turn(key, position, rotary.InverseFrequencies) : key, Mean(dense.Values[head][w.First..(w.First + w.Count)]), Math.Log(w.Count), position);
            }).ToList()
            : new NaiveSidecar(sidecar, new PlainParameters(sidecar), rotary.InverseFrequencies.ToArray()).Head(1, head, dense, plan);
        for (var i = 0; i < expected.Count; i++)
        {
            var row = start + plan.Sinks + i;
            Assert.InRange(PlainNumbers.Distance(expected[i].Key, PlainNumbers.Of(made.Keys[row])), 0, 2e-5);
            Assert.InRange(PlainNumbers.Distance(expected[i].Value, PlainNumbers.Of(made.Values[row])), 0, 2e-5);
            Assert.Equal(expected[i].Bias, made.Bias?[row].item<float>() ?? 0, 1e-5);
            Assert.Equal(expected[i].Position, made.Positions[row]);
        }
        for (var i = 0; i < plan.Recent; i++) Assert.Equal(PlainNumbers.Bits(context.Keys[head][30 - i]), PlainNumbers.Bits(made.Keys[made.Offsets[head + 1] - 1 - i]));
    }
}
