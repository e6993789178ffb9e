using CsCheck;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>Each network against its formulas in double, and its gradients against differences of these.</summary>
public class NetworkTests
{
    private static readonly ModelConfig Shape = TinyModels.Mha with { Layers = 2, KeyValueHeads = 3, QueryHeads = 6, HeadDim = 6 };

    private static readonly Gen<SidecarConfig> Options =
        from network in Gen.Int[0, 2]
        from m in Gen.Int[1, 2]
        from neighbours in Gen.OneOf(Gen.Const(0), Gen.Const(2))
        from space in Gen.Int[0, 1]
        from norm in Gen.Int[0, 1]
        from pooled in Gen.Bool
        from bias in Gen.Int[0, 2]
        let plain = RandomSidecar.Config((SidecarNetwork)network, Shape)
        let isEncoder = plain.Network == SidecarNetwork.Encoder
        select plain with
        {
            SuperTokens = m, LongestWindow = 5, Neighbours = neighbours, KeySpace = (KeySpace)space, Norm = (NormRule)norm,
            Base = isEncoder || !pooled ? SuperTokenBase.Mean : SuperTokenBase.Pooled, Bias = isEncoder ? (SlotBias)(bias % 2) : (SlotBias)bias,
        };

    public static TheoryData<SidecarNetwork, int> Networks => new() { { SidecarNetwork.Trunk, 1 }, { SidecarNetwork.Trunk, 2 }, { SidecarNetwork.PerHead, 1 }, { SidecarNetwork.PerHead, 2 }, { SidecarNetwork.Encoder, 1 }, { SidecarNetwork.Encoder, 2 } };

    [Fact]
    public void Super_tokens_equal_the_formulas_written_out_in_double() =>
        Gen.Select(Options, Gen.Bool, Gen.Int[1, 3], Gen.Int[0, 9999]).Sample((config, isRagged, slotsOfThird, seed) =>
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            using var sidecar = RandomSidecar.Of(config, seed);
            var (dense, rotary, layer) = (PlainLayer.Random(3, 23, 6, seed + 1), new RotaryEmbedding(Shape), seed % 2);
            using var batch = Batch(config, 23, isRagged ? [12, 14, slotsOfThird == 1 ? 23 : 13] : [12, 12, 12], rotary);

            var made = sidecar.Compress(layer, Tensor(dense.Keys), Tensor(dense.Values), batch);

            var naive = new NaiveSidecar(sidecar, new PlainParameters(sidecar), rotary.InverseFrequencies.ToArray());
            var expected = Enumerable.Range(0, 3).Where(h => batch.Plans[h] is not null).SelectMany(h => naive.Head(layer, h, dense, batch.Plans[h]!)).ToList();
            Assert.InRange(PlainNumbers.Distance(expected.SelectMany(token => token.Key).ToArray(), PlainNumbers.Of(made.Keys)), 0, 2e-5);
            Assert.InRange(PlainNumbers.Distance(expected.SelectMany(token => token.Value).ToArray(), PlainNumbers.Of(made.Values)), 0, 2e-5);
            Assert.Equal(config.Bias == SlotBias.None, made.Bias is null);
            if (made.Bias is not null) Assert.InRange(PlainNumbers.Distance(expected.Select(token => token.Bias).ToArray(), PlainNumbers.Of(made.Bias)), 0, 1e-5);
            Assert.Equal(expected.Select(token => (long)token.Position), SuperPositions(batch));
        }, iter: 150, threads: 1);

    [Theory, MemberData(nameof(Networks))]
    public void Gradients_equal_differences_of_the_formulas(SidecarNetwork network, int m)
    {
        using var scope = NewDisposeScope();
        var config = RandomSidecar.Config(network, Shape) with { SuperTokens = m, LongestWindow = 5, Neighbours = 2, Norm = network == SidecarNetwork.Encoder ? NormRule.Hard : NormRule.None };
        using var sidecar = RandomSidecar.Of(config, 5);
        var (dense, rotary) = (PlainLayer.Random(3, 17, 6, 6), new RotaryEmbedding(Shape));
        using var batch = Batch(config, 17, [9, 10, 11], rotary);
        var normal = new NormalNumbers(8);
        double[] Weights(long count) => [.. normal.Array(count).Select(x => (double)x)];
        var supers = batch.Windows * m;
        var (ofKeys, ofValues, ofBias) = (Weights(supers * 6), Weights(supers * 6), Weights(supers));

        sidecar.RequireGradients(true);
        var made = sidecar.Compress(1, Tensor(dense.Keys), Tensor(dense.Values), batch);
        var loss = (made.Keys.view(-1) * tensor(ofKeys).to(float32)).sum() + (made.Values.view(-1) * tensor(ofValues).to(float32)).sum();
        if (made.Bias is not null) loss = loss + (made.Bias * tensor(ofBias).to(float32)).sum();
        loss.backward();

        var parameters = new PlainParameters(sidecar);
        var naive = new NaiveSidecar(sidecar, parameters, rotary.InverseFrequencies.ToArray());
        double Loss()
        {
            var all = Enumerable.Range(0, 3).SelectMany(h => naive.Head(1, h, dense, batch.Plans[h]!)).ToList();
            return PlainNumbers.Dot(all.SelectMany(t => t.Key).ToArray(), ofKeys) + PlainNumbers.Dot(all.SelectMany(t => t.Value).ToArray(), ofValues) + PlainNumbers.Dot(all.Select(t => t.Bias).ToArray(), ofBias);
        }
        foreach (var (name, parameter) in sidecar.Parameters) AssertGradient(name, PlainNumbers.Of(parameter.grad!), parameters[name], Loss);
    }

    [Theory, MemberData(nameof(Networks))]
    public void A_gradient_reaches_every_parameter_once_none_is_zero(SidecarNetwork network, int m)
    {
        using var scope = NewDisposeScope();
        var config = RandomSidecar.Config(network, Shape) with { SuperTokens = m, LongestWindow = 5, Neighbours = 1 };
        using var sidecar = RandomSidecar.Of(config, 9);
        using var batch = Batch(config, 23, [12, 14, 12], new RotaryEmbedding(Shape));
        var dense = PlainLayer.Random(3, 23, 6, 3);
        sidecar.RequireGradients(true);

        for (var layer = 0; layer < 2; layer++)
        {
            var made = sidecar.Compress(layer, Tensor(dense.Keys), Tensor(dense.Values), batch);
            ((made.Keys.square().sum() + made.Values.square().sum()) * (made.Bias is null ? 1 : made.Bias.exp().sum())).backward();
        }

        // Every layer and head has its own share of the parameters that are laid out so.
        foreach (var (name, parameter) in sidecar.Parameters)
        {
            var parts = parameter.grad!.view(parameter.dim() > 2 && parameter.shape[1] == 3 ? 6 : 1, -1);
            Assert.All(PlainNumbers.Of(parts.abs().amax([1])), largest => Assert.True(largest > 0, $"{name} of {network} gets no gradient"));
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_parameters_and_another_does_not()
    {
        var config = RandomSidecar.Config(SidecarNetwork.Trunk, Shape);
        using var one = SidecarModule.Untrained(config, 3);
        using var same = SidecarModule.Untrained(config, 3);
        using var other = SidecarModule.Untrained(config, 4);

        Assert.All(one.Parameters, p => Assert.Equal(PlainNumbers.Bits(p.Value), PlainNumbers.Bits(same.Parameters[p.Key])));
        Assert.Contains(one.Parameters, p => !PlainNumbers.Bits(p.Value).SequenceEqual(PlainNumbers.Bits(other.Parameters[p.Key])));
        Assert.Equal(one.Parameters.Values.Sum(p => p.NumberOfElements), one.ParameterCount);
    }

    [Fact]
    public void Moving_to_another_device_keeps_parameters_learnable_and_leaves_nothing_behind()
    {
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config(SidecarNetwork.Trunk, Shape), 3);
        sidecar.RequireGradients(true);
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using (no_grad()) sidecar.To(META);

        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.All(sidecar.Parameters.Values, parameter => Assert.True(parameter is { is_leaf: true, requires_grad: true } && parameter.device.type == TorchSharp.DeviceType.META));
        Assert.Equal(TorchSharp.DeviceType.META, sidecar.Scale.Mean.device.type);
    }

    // Central differences at the entries of largest gradient and at some others.
    private static void AssertGradient(string name, double[] gradient, double[] values, Func<double> loss)
    {
        const double step = 1e-4;
        var largest = Enumerable.Range(0, values.Length).OrderByDescending(i => Math.Abs(gradient[i])).Take(3);
        foreach (var i in largest.Concat([0, values.Length / 2, values.Length - 1]))
        {
            var kept = values[i];
            values[i] = kept + step;
            var above = loss();
            values[i] = kept - step;
            var below = loss();
            values[i] = kept;
            var expected = (above - below) / (2 * step);
            Assert.True(Math.Abs(expected - gradient[i]) <= 2e-4 * (1 + Math.Abs(expected)), $"{name}[{i}]: expected {expected}, found {gradient[i]}");
        }
    }

    private static WindowBatch Batch(SidecarConfig config, int tokens, int[] slots, RotaryEmbedding rotary) =>
        new(config, [.. slots.Select(n => WindowPlan.Make(config, tokens, n, 2, 3))], tokens, rotary, CPU);

    private static IEnumerable<long> SuperPositions(WindowBatch batch)
    {
        for (var h = 0; h < batch.Plans.Count; h++)
            for (var i = batch.SlotOffsets[h]; batch.Plans[h] is { } plan && i < batch.SlotOffsets[h + 1]; i++)
                if (i - batch.SlotOffsets[h] >= plan.Sinks && batch.SlotOffsets[h + 1] - i > plan.Recent) yield return batch.SlotPositions[i];
    }

    private static Tensor Tensor(double[][][] heads) =>
        tensor(heads.SelectMany(head => head.SelectMany(row => row)).Select(x => (float)x).ToArray(), heads.Length, heads[0].Length, heads[0][0].Length);
}
