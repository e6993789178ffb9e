using CsCheck;
using LST.Core;
using LST.Evaluation.Random;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Tests.Statistics;

public class PairedBootstrapTests
{
    private sealed record Chunks(double[] Compressed, double[] Dense, int[] Tokens);

    private static readonly Gen<Chunks> SomeChunks =
        from count in Gen.Int[1, 40]
        from dense in Gen.Double[10, 3_000].Array[count]
        from harm in Gen.Double[-5, 200].Array[count]
        from tokens in Gen.Int[1, 512].Array[count]
        select new Chunks([.. dense.Zip(harm, (d, h) => d + h)], dense, tokens);

    [Fact]
    public void The_interval_agrees_with_a_naive_bootstrap() => Gen.Select(SomeChunks, Gen.Long[0, 1_000]).Sample((chunks, seed) =>
    {
        const int replicates = 200;
        var fast = new PairedBootstrap(chunks.Tokens.Length, seed, replicates).PerplexityRatio(chunks.Compressed, chunks.Dense, chunks.Tokens);
        var (value, low, high) = Naive(chunks, seed, replicates);

        Assert.Equal(value, fast.Value, 1e-9 * value);
        Assert.Equal(low, fast.Low, 1e-9 * low);
        Assert.Equal(high, fast.High, 1e-9 * high);
    }, iter: 50);

    // The draws are those of rng = random.Random(0); rng.choices(range(4), k=4) in CPython, once a replicate; percentiles are numpy.percentile's.
    [Fact]
    public void The_interval_is_the_one_that_Python_computes()
    {
        var ratio = new PairedBootstrap(4).PerplexityRatio([1030, 1100, 990, 1205.5], [1000, 1050, 985, 1200], [512, 512, 512, 100]);

        Assert.Equal(1.0568764878063128, ratio.Value, 1e-12);
        Assert.Equal(1.0173048870472172, ratio.Low, 1e-12);
        Assert.Equal(1.0949254453474628, ratio.High, 1e-12);
    }

    [Fact]
    public void Units_that_are_too_many_to_keep_their_draws_give_the_same_interval()
    {
        var random = new PyRandom(3);
        double[] values = [.. Enumerable.Range(0, 2_000).Select(_ => random.NextDouble())];

        var streamed = new PairedBootstrap(values.Length).Mean(values);
        var naive = PairedBootstrap.Interval(values.Average(), [.. PairedBootstrap.DrawSums(new PyRandom(0), 10_000, [values])[0].Select(s => s / values.Length)], 2_000);

        Assert.Equal(naive.Low, streamed.Low, 1e-12);
        Assert.Equal(naive.High, streamed.High, 1e-12);
    }

    [Fact]
    public void The_ratio_of_a_method_to_itself_is_exactly_one() => SomeChunks.Sample(chunks =>
    {
        var ratio = new PairedBootstrap(chunks.Tokens.Length, 0, 100).PerplexityRatio(chunks.Dense, chunks.Dense, chunks.Tokens);

        return ratio is { Value: 1, Low: 1, High: 1 } && !ratio.Excludes(1);
    });

    [Fact]
    public void The_value_is_the_quotient_of_both_perplexities() => SomeChunks.Sample(chunks =>
    {
        var bootstrap = new PairedBootstrap(chunks.Tokens.Length, 0, 1);
        var (ratio, above, below) = (bootstrap.PerplexityRatio(chunks.Compressed, chunks.Dense, chunks.Tokens),
            bootstrap.Perplexity(chunks.Compressed, chunks.Tokens), bootstrap.Perplexity(chunks.Dense, chunks.Tokens));

        return double.IsInfinity(above.Value) || double.IsInfinity(below.Value) || Math.Abs(ratio.Value / (above.Value / below.Value) - 1) < 1e-6;
    });

    [Fact]
    public void One_chunk_proves_nothing()
    {
        var ratio = new PairedBootstrap(1).PerplexityRatio([200], [100], [10]);

        Assert.Equal(ratio.Value, ratio.Low);
        Assert.False(ratio.Excludes(1));
    }

    [Fact]
    public void A_value_that_is_not_finite_is_named() =>
        Assert.Contains("item 1", Assert.Throws<DataException>(() => new PairedBootstrap(2).Mean([1, double.NaN])).Message, StringComparison.Ordinal);

    [Fact]
    public void An_average_over_one_task_is_its_bootstrap()
    {
        double[] task = [1, 0, 0, 1, 1, 0.5, 0.25];

        var (plain, stratified) = (new PairedBootstrap(task.Length, 9).Mean(task), StratifiedBootstrap.AverageOfMeans([task], 9));

        Assert.Equal(plain.Low, stratified.Low, 1e-12);
        Assert.Equal(plain.High, stratified.High, 1e-12);
    }

    [Fact]
    public void Rows_that_share_draws_have_the_numbers_that_they_have_alone()
    {
        double[][][] rows = [[[1, 0, 1], [0.5, 0.25]], [[0, 0, 1], [1, 0]], [[0.1, 0.2, 0.3], [3, 4]]];

        Assert.Equal(rows.Select(row => StratifiedBootstrap.AverageOfMeans(row, 5, 300)), StratifiedBootstrap.AveragesOfMeans(rows, 5, 300));
        Assert.Throws<ArgumentException>(() => StratifiedBootstrap.AveragesOfMeans([rows[0], [[1, 0], [1, 0, 1]]]));
    }

    [Fact]
    public void Independent_tasks_narrow_the_average()
    {
        double[] task = [.. Enumerable.Range(0, 40).Select(i => (double)(i % 2))];

        var (one, four) = (StratifiedBootstrap.AverageOfMeans([task]), StratifiedBootstrap.AverageOfMeans([task, task, task, task]));

        Assert.InRange((four.High - four.Low) / (one.High - one.Low), 0.4, 0.6); // 1/√4; the same draws for all tasks would give 1
    }

    private static (double Value, double Low, double High) Naive(Chunks chunks, long seed, int replicates)
    {
        var random = new PyRandom(seed);
        int[] all = [.. Enumerable.Range(0, chunks.Tokens.Length)];
        var ratios = new List<double>();
        for (var b = 0; b < replicates; b++) ratios.Add(LogRatio(random.Choices(all, all.Length)));
        ratios.Sort();
        return (Math.Exp(LogRatio(all)), Math.Exp(At(0.025)), Math.Exp(At(0.975)));

        double LogRatio(int[] drawn) => (drawn.Sum(i => chunks.Compressed[i]) - drawn.Sum(i => chunks.Dense[i])) / drawn.Sum(i => (double)chunks.Tokens[i]);

        double At(double fraction)
        {
            var position = fraction * (ratios.Count - 1);
            var below = (int)position;
            var above = Math.Min(below + 1, ratios.Count - 1);
            return ratios[below] * (1 - (position - below)) + ratios[above] * (position - below);
        }
    }
}
