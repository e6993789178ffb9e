using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>Pooling weights that figures show are those of the network, written out in double precision.</summary>
public class WindowOriginsTests
{
    private static readonly Ratio Half = Ratio.Of(2);

    public static TheoryData<string> Kinds => [.. RandomSidecar.WindowKinds];

    [Theory, MemberData(nameof(Kinds))]
    public void Weights_inside_a_window_are_the_networks(string kind)
    {
        using var scope = NewDisposeScope();
        var shape = TinyModels.Gqa;
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config(kind, shape), 2);
        using var compressor = SuperTokenCompressor.Around(sidecar);
        var context = RandomContext.Of(shape, 80, 4, layer: 2);
        var plan = new PlanContext(80, shape.Layers, shape.KeyValueHeads, Half);
        var budget = compressor.Plan(plan).Layers[2];
        using var made = compressor.Compress(context, budget);
        var naive = new NaiveSidecar(sidecar, new PlainParameters(sidecar), context.Rotary.InverseFrequencies.ToArray());
        var dense = new PlainLayer(PlainNumbers.Heads(sidecar.Config.KeySpace == KeySpace.PreRope ? context.CapturedPreRopeKeys! : context.Keys), PlainNumbers.Heads(context.Values));

        var origins = compressor.Origins(context, budget, made);

        for (var h = 0; h < shape.KeyValueHeads; h++)
        {
            var windows = HeadBudgets.Of(sidecar.Config, plan)[2][h]!;
            var merged = origins[h].Where(origin => origin.Part == SlotPart.Merged).ToList();
            Assert.Equal(windows.MiddleSlots, merged.Count);
            var expected = windows.IsWide ? null : naive.Head(2, h, dense, windows);
            for (var i = 0; i < merged.Count; i++)
            {
                var (first, count) = windows.Windows[i / windows.SuperTokens];
                Assert.Equal(Enumerable.Range(first, count), merged[i].Tokens);
                double[] weights = expected?[i].KeyWeights ?? [.. Enumerable.Repeat(1.0 / count, count)];
                Assert.True(PlainNumbers.Distance(weights, [.. merged[i].Weights.Select(weight => (double)weight)]) < 1e-5, $"{kind}, head {h}, slot {i}");
            }
        }
    }
}
