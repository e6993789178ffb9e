using LST.Evaluation.Random;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Tests.Statistics;

public class QuantileBootstrapTests
{
    [Theory, InlineData(1, 1, 0.95), InlineData(2, 3, 0.95), InlineData(7, 6, 0.5), InlineData(10, 8, 1), InlineData(5, 4, 0)]
    public void Counting_from_above_gives_what_resampling_whole_units_gives(int units, int each, double fraction)
    {
        var random = new PyRandom(4);
        float[] values = [.. Enumerable.Range(0, units * each).Select(_ => (float)random.NextDouble())];

        var found = new QuantileBootstrap(units, seed: 3, replicates: 300).Quantile(values, fraction);

        var draws = new PyRandom(3);
        double Of(IEnumerable<float> sample) => Percentile.Of([.. sample.Order().Select(value => (double)value)], fraction);
        double[] quantiles = [.. Enumerable.Range(0, 300).Select(_ => Of([.. Enumerable.Range(0, units).Select(_ => (int)(draws.NextDouble() * units)).SelectMany(unit => Enumerable.Range(0, each).Select(i => values[(i * units) + unit]))])).Order()];
        Assert.Equal(Of(values), found.Value, 1e-7);
        Assert.Equal(Percentile.Of(quantiles, 0.025), found.Low, 1e-6);
        Assert.Equal(Percentile.Of(quantiles, 0.975), found.High, 1e-6);
        Assert.Equal(units, found.Units);
    }

    [Fact]
    public void Units_with_unequally_many_values_are_refused() => Assert.Throws<ArgumentException>(() => new QuantileBootstrap(3).Quantile([1, 2, 3, 4], 0.5));
}
