using CsCheck;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class ExpectedAttentionTests
{
    private static readonly Gen<(int Sinks, int Future, double Epsilon, bool Covariance, bool ValueNorm)> Options =
        from sinks in Gen.Int[0, 5]
        from future in Gen.Int[1, 40]
        from epsilon in Gen.Int[0, 2]
        from covariance in Gen.Bool
        from valueNorm in Gen.Bool
        select (sinks, future, epsilon * 0.01, covariance, valueNorm);

    [Fact]
    public void Equals_the_steps_written_out_in_double() =>
        Gen.Select(Options, Gen.Int[1, 40], Gen.Int[1, 2], Gen.Int[1, 3], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((options, tokens, heads, group, halves, seed) =>
        {
            var ratio = Ratio.Of(halves, 2);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed);
            var typed = FormattableString.Invariant($"expected:sinks={options.Sinks}:future={options.Future}:epsilon={options.Epsilon}:covariance={(options.Covariance ? "true" : "false")}:value-norm={(options.ValueNorm ? "true" : "false")}");
            using var compressor = (IScoringCompressor)MethodSpec.Parse(typed).Create();
            var budget = compressor.Plan(layer.Plan(ratio)).Layers[0];
            var slots = Math.Min(tokens, Math.Max(Math.Max(1, NaiveMean.Floor(tokens, ratio)), ratio == Ratio.One ? 1 : options.Sinks + 1));

            using var actual = compressor.Compress(layer.Context, budget);

            for (var h = 0; h < heads; h++)
            {
                if (slots == tokens)
                {
                    Assert.Equal(Enumerable.Range(0, tokens), RandomLayer.Kept(actual, h));
                    continue;
                }
                var expected = Scores(layer, h, options);
                var given = PlainNumbers.Of(compressor.Scores(layer.Context, budget)[h]);
                for (var j = options.Sinks; j < tokens; j++) Assert.InRange(Math.Abs(given[j] - expected[j - options.Sinks]), 0, 2e-4 * (expected[j - options.Sinks] + 1e-3));
                var (kept, gap) = NaiveScores.Top(expected, Enumerable.Range(0, expected.Length), slots - options.Sinks);
                if (gap is > 0 and < 1e-3) continue;    // Angles of float32.
                Assert.Equal([.. Enumerable.Range(0, options.Sinks), .. kept.Select(j => j + options.Sinks)], RandomLayer.Kept(actual, h));
            }
        }, iter: 200, threads: 1);

    [Fact]
    public void One_dimension_two_keys()
    {
        using var scope = NewDisposeScope();
        // The second pair hardly turns at so large a base; one of its dimensions is used. D = 4 halves the logit and the key is twice as long.
        var config = Models.TinyModels.Mha with { Layers = 1, KeyValueHeads = 1, QueryHeads = 1, HeadDim = 4, RopeTheta = 1e24 };
        Tensor Second(float a, float b) => tensor(new[] { 0, a, 0, 0, 0, b, 0, 0 }, 1, 2, 4);
        var spread = MathF.Sqrt(0.5f);
        var context = RandomLayer.Of(config, zeros(1, 2, 4), Second(2, 4), ones(1, 2, 4), preRopeQueries: Second(1 + spread, 1 - spread));
        using var compressor = (IScoringCompressor)MethodSpec.Parse("expected:sinks=0:value-norm=false").Create();

        var scores = PlainNumbers.Of(compressor.Scores(context, new LayerBudget(Ratio.Of(2), 1, [1])));

        Assert.InRange(PlainNumbers.Distance([0.14804719803168948, 0.8519528019683106], scores), 0, 1e-6);
    }

    [Theory, InlineData("0"), InlineData("2000000")]
    public void Refuses_a_future_of_no_or_endless_positions(string future) =>
        Assert.Contains("at least 1 and at most", Assert.Throws<UsageException>(() => MethodSpec.Parse($"expected-attention:future={future}").Create()).Message);

    private static double[] Scores(RandomLayer layer, int head, (int Sinks, int Future, double Epsilon, bool Covariance, bool ValueNorm) options)
    {
        var (tokens, width, group) = (layer.Tokens, layer.Keys[0][0].Length, layer.PreRopeQueries.Length / layer.Keys.Length);
        var count = tokens - options.Sinks;
        // Column d of the average rotation is the average of the turned unit vector d.
        var columns = Enumerable.Range(0, width).Select(d => Average([.. Enumerable.Range(tokens, options.Future).Select(p =>
            NaiveRotation.Turn([.. Enumerable.Range(0, width).Select(i => i == d ? 1.0 : 0)], p, layer.Frequencies))])).ToArray();
        double[] Turned(double[] x) => [.. Enumerable.Range(0, width).Select(i => Enumerable.Range(0, width).Sum(d => columns[d][i] * x[d]))];
        var attention = new double[count];
        for (var q = head * group; q < (head + 1) * group; q++)
        {
            var queries = layer.PreRopeQueries[q][options.Sinks..];
            var mean = Average(queries);
            var turnedMean = Turned(mean);
            var centred = queries.Select(query => Turned([.. query.Zip(mean, (a, b) => a - b)])).ToArray();
            var weights = new double[count];
            for (var j = 0; j < count; j++)
            {
                var key = layer.Keys[head][options.Sinks + j];
                var z = PlainNumbers.Dot(key, turnedMean) / Math.Sqrt(width);
                // kᵀΣ̄k is the mean square of the key's products with the centred, turned queries.
                if (options.Covariance) z += centred.Average(query => Math.Pow(PlainNumbers.Dot(key, query), 2)) / (2 * width);
                weights[j] = Math.Exp(z);
            }
            for (var j = 0; j < count; j++) attention[j] += weights[j] / weights.Sum() / group;
        }
        if (!options.ValueNorm) return attention;
        return [.. attention.Select((p, j) => (p + options.Epsilon) * Math.Sqrt(PlainNumbers.Dot(layer.Values[head][options.Sinks + j], layer.Values[head][options.Sinks + j])))];
    }

    private static double[] Average(double[][] rows) => [.. Enumerable.Range(0, rows[0].Length).Select(d => rows.Average(row => row[d]))];
}
