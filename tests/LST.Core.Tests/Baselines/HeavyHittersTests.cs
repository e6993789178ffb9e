using CsCheck;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class HeavyHittersTests
{
    private static readonly Gen<(int Sinks, string Recent, bool ByCount, string Group, int? Window)> Options =
        from sinks in Gen.Int[0, 5]
        from recent in Choices.Of("n/2", "0", "3", "n/4")
        from byCount in Gen.Bool
        from reduction in Choices.Of("mean", "max", "sum")
        from window in Gen.Int[0, 30]
        select (sinks, recent, byCount, reduction, window < 12 ? (int?)null : window);

    [Fact]
    public void Equals_the_steps_written_out_in_double() =>
        Gen.Select(Options, Gen.Int[1, 50], Gen.Int[1, 2], Gen.Int[1, 3], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((options, tokens, heads, group, numerator, seed) =>
        {
            var ratio = Ratio.Of(numerator, 2);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed, slidingWindow: options.Window);
            var asked = Math.Max(1, NaiveMean.Floor(tokens, ratio));
            var recent = options.Recent switch { "n/2" => asked / 2, "n/4" => asked / 4, var number => int.Parse(number) };
            var slots = Math.Min(tokens, Math.Max(asked, options.Sinks + recent + 1));
            var attention = NaiveScores.Attention(layer.Queries, layer.Keys, options.Window);
            var sums = attention.Select(rows => (double[])[.. Enumerable.Range(0, tokens).Select(j =>
                rows.Sum(row => row[j]) / (options.ByCount ? Math.Min(tokens - j, options.Window ?? tokens) : 1))]).ToArray();
            var scores = NaiveScores.Reduce(sums, heads, options.Group);

            using var actual = layer.Compress($"h2o:sinks={options.Sinks}:recent={options.Recent}:group={options.Group}:normalize={(options.ByCount ? "by-count" : "none")}", ratio);

            for (var h = 0; h < heads; h++)
            {
                if (slots == tokens)
                {
                    Assert.Equal(Enumerable.Range(0, tokens), RandomLayer.Kept(actual, h));
                    continue;
                }
                var (heavy, gap) = NaiveScores.Top(scores[h], Enumerable.Range(options.Sinks, tokens - recent - options.Sinks), slots - recent - options.Sinks);
                if (NaiveScores.IsOpen(gap)) continue;
                Assert.Equal([.. Enumerable.Range(0, options.Sinks), .. heavy, .. Enumerable.Range(tokens - recent, recent)], RandomLayer.Kept(actual, h));
            }
        }, iter: 250, threads: 1);

    [Theory]
    [InlineData("h2o:recent=1", new[] { 0, 1, 3 })]
    [InlineData("h2o:normalize=by-count:recent=0", new[] { 0, 2, 3 })]
    public void Four_rows_of_attention_and_three_slots(string method, int[] expected)
    {
        using var scope = NewDisposeScope();
        var context = AttentionRows.Context([1, 0, 0, 0], [.6, .4, 0, 0], [.5, .2, .3, 0], [.4, .1, .2, .3]);

        using var actual = RandomLayer.Compress(MethodSpec.Parse(method), context, Ratio.Of(4, 3));

        Assert.Equal(expected, RandomLayer.Kept(actual, 0));
        Assert.InRange(PlainNumbers.Distance([2.5, .7, .5, .3], PlainNumbers.Of(context.Statistics!.ColumnSums)), 0, 1e-6);
    }
}

/// <summary>Queries and keys whose causal softmax is a given matrix: key j is the unit vector j, query i holds √D·log of its row.</summary>
internal static class AttentionRows
{
    public static LayerContext Context(params double[][] rows)
    {
        var tokens = rows.Length;
        var config = Tests.Models.TinyModels.Mha with { Layers = 1, KeyValueHeads = 1, QueryHeads = 1, HeadDim = tokens };
        var queries = rows.SelectMany(row => row.Select(weight => (float)(Math.Sqrt(tokens) * Math.Log(Math.Max(weight, 1e-30))))).ToArray();
        return RandomLayer.Of(config, tensor(queries, 1, tokens, tokens), eye(tokens).unsqueeze(0), rand(1, tokens, tokens));
    }
}
