using CsCheck;
using LST.Core.Baselines;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class KvMergerTests
{
    private static readonly Gen<(int Sinks, int Recent, int Heavy, double? Sigma, int? MaxRun, bool LogMass)> Options =
        from sinks in Gen.Int[0, 5]
        from recent in Gen.Int[0, 6]
        from heavy in Gen.Int[0, 8]
        from sigma in Gen.Int[0, 3]
        from maxRun in Gen.Int[0, 8]
        from logMass in Gen.Bool
        select (sinks, recent, heavy, sigma == 0 ? (double?)null : sigma * 1.5, maxRun == 0 ? (int?)null : maxRun, logMass);

    [Theory, InlineData(false), InlineData(true)]
    public void Equals_the_steps_written_out_in_double(bool isPaper) =>
        Gen.Select(Options, Gen.Int[1, 50], Gen.Int[1, 2], Gen.Int[1, 3], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((options, tokens, heads, group, numerator, seed) =>
        {
            var ratio = Ratio.Of(numerator, 2);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed);
            var asked = Math.Max(1, NaiveMean.Floor(tokens, ratio));
            var slots = isPaper ? asked : Math.Min(tokens, Math.Max(asked, options.Sinks + options.Recent + 1));
            var (sinks, recent) = (Math.Min(options.Sinks, tokens), Math.Min(options.Recent, tokens - Math.Min(options.Sinks, tokens)));
            var sums = NaiveScores.Reduce([.. NaiveScores.Attention(layer.Queries, layer.Keys).Select(rows => (double[])[.. Enumerable.Range(0, tokens).Select(j => rows.Sum(row => row[j]))])], heads, "mean");

            using var actual = layer.Compress($"kvmerger:mode={(isPaper ? "paper:epsilon=0.25" : "budget-matched")}:sinks={options.Sinks}:recent={options.Recent}:heavy={options.Heavy}"
                + $":sigma={options.Sigma?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "mean-square"}:max-run={options.MaxRun?.ToString() ?? "none"}:log-mass={(options.LogMass ? "true" : "false")}", ratio);

            var (keys, values, bias) = (PlainNumbers.Of(actual.Keys), PlainNumbers.Of(actual.Values), actual.Bias is null ? null : PlainNumbers.Of(actual.Bias));
            for (var h = 0; h < heads; h++)
            {
                double[] cosines = [.. Enumerable.Range(0, tokens - 1).Select(j => Cosine(layer.Keys[h][j], layer.Keys[h][j + 1]))];
                if (NaiveMergers.AreClose(cosines.Append(0.25), 1e-5) || NaiveMergers.AreClose(sums[h].Select(sum => Math.Log(sum)), 1e-5)) continue;
                int[] heavy = [.. Enumerable.Range(sinks, tokens - sinks - recent).OrderByDescending(j => sums[h][j]).Take(options.Heavy)];
                var runs = slots >= tokens ? [.. Enumerable.Range(0, tokens).Select(j => new[] { j })]
                    : isPaper ? NaiveMergers.Greedy(cosines, j => j < sinks || j >= tokens - recent || heavy.Contains(j), 0.25, 1, options.MaxRun ?? tokens)
                    : NaiveMergers.Matched(cosines, sums[h], sinks, recent, options.Heavy, slots, options.MaxRun ?? tokens);
                Assert.Equal(runs.Count, actual.Length(0, h));
                for (var i = 0; i < runs.Count; i++)
                {
                    var row = actual.Offsets[h] + i;
                    var (pivot, weights) = NaiveMergers.Kernel(layer.Keys[h], sums[h], runs[i], options.Sigma);
                    Assert.Equal((pivot, runs[i].Length), (actual.Positions[row], (int)(actual.Counts?[row] ?? 1)));
                    Assert.InRange(PlainNumbers.Distance(NaiveMergers.Mean(layer.Keys[h], runs[i], weights), PlainNumbers.Row(keys, row, 6)), 0, 2e-5);
                    Assert.InRange(PlainNumbers.Distance(NaiveMergers.Mean(layer.Values[h], runs[i], weights), PlainNumbers.Row(values, row, 6)), 0, 2e-5);
                    Assert.Equal(options.LogMass ? Math.Log(runs[i].Length) : 0, bias?[row] ?? 0, 1e-6);
                }
            }
        }, iter: 250, threads: 1);

    [Fact]
    public void Five_keys_become_three_around_their_most_attended_tokens()
    {
        float[] keys = [2, 0, 2, 1, 0, 2, -1, 3, -3, 0], values = [1, 5, 2, 4, 0], sums = [.9f, .3f, .2f, .5f, .1f];
        var joined = new bool[4];

        // Cosines .8944, .4472, .9487, .3162.
        Assert.Equal(2, NeighbourRuns.Join([2, 0, 1, 3], new bool[5], 2, 64, joined));

        var runs = NeighbourRuns.Of(joined);
        Assert.Equal([(0, 2), (2, 2), (4, 1)], runs);
        int[] pivots = [.. runs.Select(run => PivotMerge.Pivot(sums, run))];
        Assert.Equal([0, 3, 4], pivots);
        double[][] expected = [[2, .37754, 2.51016], [-.73106, 2.73106, 3.46212], [-3, 0, 0]];
        for (var i = 0; i < 3; i++)
        {
            var weights = PivotMerge.Weights(keys, 2, runs[i], pivots[i], 1);
            var (key, value) = (new float[2], new float[1]);
            PivotMerge.Sum(key, keys, runs[i], weights);
            PivotMerge.Sum(value, values, runs[i], weights);
            Assert.InRange(PlainNumbers.Distance(expected[i], [key[0], key[1], value[0]]), 0, 1e-5);
        }
    }

    [Theory, InlineData(0.0), InlineData(null)]
    public void Without_any_width_all_weights_are_equal(double? sigma) =>
        Assert.Equal([.25f, .25f, .25f, .25f], PivotMerge.Weights([1, 1, 1, 1], 1, (0, 4), 2, sigma));

    [Fact]
    public void An_edge_that_makes_a_run_too_long_is_passed_over_and_the_next_one_taken()
    {
        var joined = new bool[5];

        Assert.Equal(3, NeighbourRuns.Join([1, 0, 2, 4, 3], new bool[6], 3, 3, joined));

        Assert.Equal([(0, 3), (3, 1), (4, 2)], NeighbourRuns.Of(joined));
    }

    [Fact]
    public void Protection_goes_from_the_weakest_heavy_token_to_the_newest_recent()
    {
        var protection = new RunProtection([9, 1, 5, 3, 4, 2, 2], (1, 2, 2));
        List<string> steps = [];
        do steps.Add(string.Concat(protection.Tokens.ToArray().Select(isProtected => isProtected ? 'x' : '.')));
        while (protection.Release());

        Assert.Equal(["x.x.xxx", "x.x..xx", "x....xx", "x.....x", "x......"], steps);
    }

    private static double Cosine(double[] a, double[] b) => PlainNumbers.Dot(a, b) / Math.Sqrt(PlainNumbers.Dot(a, a) * PlainNumbers.Dot(b, b));
}
