using CsCheck;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class StreamingLlmTests
{
    [Fact]
    public void Keeps_the_first_and_the_last_and_turns_them_when_asked() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 3], Gen.Int[1, 12], Gen.Int[1, 3], Gen.Int[0, 9], Gen.Bool, Gen.Int[0, 9999]).Sample((tokens, heads, numerator, denominator, sinks, cacheIndex, seed) =>
        {
            var ratio = Ratio.Of(Math.Max(numerator, denominator), denominator);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, 1, tokens, seed);
            var slots = Math.Min(tokens, Math.Max(NaiveMean.Floor(tokens, ratio), sinks + 1));
            int[] kept = [.. Enumerable.Range(0, tokens).Where(j => j < Math.Min(sinks, slots) || j >= tokens - (slots - Math.Min(sinks, slots)))];
            var spec = MethodSpec.Parse($"streaming:sinks={sinks}" + (cacheIndex ? ":positions=cache-index" : ""));
            using var compressor = spec.Create();
            var plan = compressor.Plan(layer.Plan(ratio));

            using var actual = layer.Compress(spec.Typed, ratio);

            Assert.Equal(cacheIndex ? kept.Length : tokens, compressor.NextPosition(layer.Plan(ratio), plan));
            var (keys, values) = (PlainNumbers.Of(actual.Keys), PlainNumbers.Of(actual.Values));
            for (var h = 0; h < heads; h++)
            {
                Assert.Equal(cacheIndex ? Enumerable.Range(0, kept.Length) : kept, RandomLayer.Kept(actual, h));
                for (var i = 0; i < kept.Length; i++)
                {
                    var row = actual.Offsets[h] + i;
                    Assert.Equal(layer.Values[h][kept[i]], PlainNumbers.Row(values, row, 6).ToArray());
                    if (!cacheIndex) Assert.Equal(layer.Keys[h][kept[i]], PlainNumbers.Row(keys, row, 6).ToArray());
                    else Assert.InRange(PlainNumbers.Distance(NaiveRotation.Turn(layer.PreRopeKeys[h][kept[i]], i, layer.Frequencies), PlainNumbers.Row(keys, row, 6)), 0, 2e-5);
                }
            }
        }, iter: 200, threads: 1);

    [Theory]
    [InlineData("streaming:sinks=2", new[] { 0, 1, 6, 7, 8, 9 }, 10)]
    [InlineData("streaming:sinks=2:positions=cache-index", new[] { 0, 1, 2, 3, 4, 5 }, 6)]
    public void Ten_tokens_and_six_slots(string method, int[] positions, int next)
    {
        using var scope = NewDisposeScope();
        var layer = new RandomLayer(1, 1, 10, 1);
        var ratio = Ratio.Of(5, 3);
        using var compressor = MethodSpec.Parse(method).Create();

        using var actual = layer.Compress(method, ratio);

        Assert.Equal(positions, RandomLayer.Kept(actual, 0));
        Assert.Equal(next, compressor.NextPosition(layer.Plan(ratio), compressor.Plan(layer.Plan(ratio))));
    }
}
