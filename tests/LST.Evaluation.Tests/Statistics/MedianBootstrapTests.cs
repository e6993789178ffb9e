using LST.Evaluation.Random;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Tests.Statistics;

public class MedianBootstrapTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(7), InlineData(20)]
    public void Ranks_give_what_resampling_the_sorted_values_gives(int units)
    {
        var random = new PyRandom(4);
        float[] values = [.. Enumerable.Range(0, units).Select(_ => (float)random.NextDouble())];

        var found = new MedianBootstrap(units, seed: 3, replicates: 500).Median(values);

        var (draws, sorted) = (new PyRandom(3), values.Order().ToArray());
        double Median(IEnumerable<float> sample) => sample.Order().ToArray() is var all ? ((double)all[(all.Length - 1) / 2] + all[all.Length / 2]) / 2 : 0;
        double[] medians = [.. Enumerable.Range(0, 500).Select(_ => Median([.. Enumerable.Range(0, units).Select(_ => sorted[(int)(draws.NextDouble() * units)])])).Order()];
        Assert.Equal(Median(values), found.Value, 1e-7);
        Assert.Equal(Percentile.Of(medians, 0.025), found.Low, 1e-7);
        Assert.Equal(Percentile.Of(medians, 0.975), found.High, 1e-7);
    }

    [Fact]
    public void Another_number_of_values_is_refused() => Assert.Throws<ArgumentException>(() => new MedianBootstrap(3).Median([1, 2]));
}
