using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>The importance of tokens, written out in double from its formula.</summary>
public class ImportanceNetworkTests
{
    public static TheoryData<int, int> Cases => [.. from tokens in new[] { 1, 2, 3, 5, 40 } from layer in new[] { 0, 2 } select (tokens, layer)];

    [Theory, MemberData(nameof(Cases))]
    public void Equals_the_formula(int tokens, int layer)
    {
        using var scope = NewDisposeScope();
        var shape = TinyModels.Gqa;
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config("random-choice", shape), 3);
        var context = RandomContext.Of(shape, tokens, 8, layer: layer);

        var found = sidecar.Importance(layer, context.PreRopeKeys(), context.Values);

        Assert.Equal([shape.KeyValueHeads, tokens], found.shape);
        var inputs = PlainNumbers.Heads(sidecar.Scale.Apply(layer, context.PreRopeKeys(), context.Values));
        var expected = Enumerable.Range(0, shape.KeyValueHeads).SelectMany(h => Enumerable.Range(0, tokens).Select(j => Naive(sidecar, layer, h, inputs[h], j))).ToArray();
        Assert.InRange(PlainNumbers.Distance(expected, PlainNumbers.Of(found)), 0, 2e-5);
    }

    [Fact]
    public void Inputs_in_sixteen_bits_are_widened_first()
    {
        using var scope = NewDisposeScope();
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config("random-choice", TinyModels.Gqa), 3);
        var context = RandomContext.Of(TinyModels.Gqa, 20, 8, ScalarType.BFloat16);

        var found = sidecar.Importance(1, context.PreRopeKeys(), context.Values);

        Assert.Equal(PlainNumbers.Bits(sidecar.Importance(1, context.PreRopeKeys().to(float32), context.Values.to(float32))), PlainNumbers.Bits(found));
    }

    [Fact]
    public void A_fresh_network_finds_all_tokens_alike()
    {
        using var scope = NewDisposeScope();
        using var sidecar = SidecarModule.Untrained(RandomSidecar.Config("random-choice", TinyModels.Gqa));
        var context = RandomContext.Of(TinyModels.Gqa, 20, 8);

        Assert.All(PlainNumbers.Of(sidecar.Importance(1, context.PreRopeKeys(), context.Values)), value => Assert.Equal(0, value));
    }

    private static double Naive(SidecarModule sidecar, int layer, int head, double[][] inputs, int token)
    {
        var parameters = new PlainParameters(sidecar);
        var (rank, heads) = (sidecar.Config.ChoiceRank, sidecar.Config.Model.KeyValueHeads);
        var project = parameters.Matrix("choice.project", layer, head);
        double[] Feature(int j) => [.. Enumerable.Range(0, rank).Select(p => j < 0 || j >= inputs.Length ? 0 : inputs[j].Select((x, i) => x * project[i][p]).Sum())];
        double[] seen = [.. Enumerable.Range(token - 2, 5).SelectMany(Feature)];
        var (first, own, distances) = (parameters.Matrix("choice.first.weight"), parameters.Vector("choice.first.head", layer, head), parameters.Vector("choice.first.distance"));
        var (outer, linear) = (parameters.Vector("choice.hidden", layer, head), parameters.Vector("choice.token", layer, head));
        var distance = Math.Log(inputs.Length - token);
        var sum = PlainNumbers.Dot(Feature(token), linear) + distance * parameters["choice.distance"][layer * heads + head] + parameters["choice.level"][layer * heads + head];
        for (var i = 0; i < outer.Length; i++)
        {
            var z = seen.Select((x, k) => x * first[k][i]).Sum() + own[i] + distance * distances[i];
            sum += outer[i] * z / (1 + Math.Exp(-z));
        }
        return sum;
    }
}
