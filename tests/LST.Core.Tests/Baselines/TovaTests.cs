using CsCheck;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class TovaTests
{
    [Fact]
    public void Equals_the_steps_written_out_in_double() =>
        Gen.Select(Gen.Bool, Gen.Int[1, 50], Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((keepLast, tokens, heads, group, numerator, seed) =>
        {
            var ratio = Ratio.Of(numerator, 2);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed);
            var slots = Math.Min(tokens, Math.Max(1, NaiveMean.Floor(tokens, ratio)));
            var rows = NaiveScores.Attention(layer.Queries, layer.Keys).Select(head => head[^1]).ToArray();
            double[] scores = [.. Enumerable.Range(0, tokens).Select(j => rows.Average(row => row[j]))];

            using var actual = layer.Compress($"tova:keep-last={(keepLast ? "true" : "false")}", ratio);

            var fixedLast = keepLast && slots < tokens ? 1 : 0;
            var (kept, gap) = NaiveScores.Top(scores, Enumerable.Range(0, tokens - fixedLast), slots - fixedLast);
            if (NaiveScores.IsOpen(gap)) return;
            for (var h = 0; h < heads; h++) Assert.Equal([.. kept, .. Enumerable.Repeat(tokens - 1, fixedLast)], RandomLayer.Kept(actual, h));
        }, iter: 250, threads: 1);

    [Theory]
    [InlineData("tova", new[] { 0, 1, 2 })]
    [InlineData("tova:keep-last=true", new[] { 0, 1, 3 })]
    public void The_mean_of_two_heads_drops_the_newest_token_unless_it_is_kept(string method, int[] expected)
    {
        using var scope = NewDisposeScope();
        var context = TwoHeads([.5, .1, .3, .1], [.2, .5, .1, .2]);

        using var actual = RandomLayer.Compress(MethodSpec.Parse(method), context, Ratio.Of(4, 3));

        Assert.Equal(expected, RandomLayer.Kept(actual, 0));
    }

    // One KV head with two query heads whose last rows are these: keys are unit vectors, so that a query holds the logarithms of its row.
    private static LayerContext TwoHeads(params double[][] rows)
    {
        var tokens = rows[0].Length;
        var config = Models.TinyModels.Mha with { Layers = 1, KeyValueHeads = 1, QueryHeads = rows.Length, HeadDim = tokens };
        var queries = zeros(rows.Length, tokens, tokens);
        for (var h = 0; h < rows.Length; h++) queries[h, tokens - 1] = tensor(rows[h].Select(weight => (float)(Math.Log(weight) * Math.Sqrt(tokens))).ToArray());
        return RandomLayer.Of(config, queries, eye(tokens).unsqueeze(0), ones(1, tokens, tokens));
    }
}
