using CsCheck;
using LST.Core.Models.Generation;

namespace LST.Core.Tests.Models.Generation;

/// <summary>Choices against exact probabilities.</summary>
public class SamplerTests
{
    private const int Draws = 40_000;

    private static readonly float[] Logits = [0.5f, 2f, -1f, 1.5f, 2f, -3f, 0f, 1f];

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(0.5, 0, 1)]
    [InlineData(2, 0, 1)]
    [InlineData(1, 3, 1)]
    [InlineData(1, 100, 1)]
    [InlineData(1, 0, 0.6)]
    [InlineData(1, 0, 0.9)]
    [InlineData(0.7, 5, 0.8)]
    public void Tokens_are_drawn_as_often_as_they_are_likely(double temperature, int topK, double topP)
    {
        var expected = Probabilities(Logits, temperature, topK, topP);
        var sampler = new Sampler(new SamplingOptions(temperature, topK, topP, Seed: 11));
        var counts = new int[Logits.Length];
        for (var i = 0; i < Draws; i++) counts[sampler.Next(Logits)]++;

        Assert.All(counts.Index().Where(pair => expected[pair.Index] == 0), pair => Assert.Equal(0, pair.Item));
        var possible = counts.Index().Where(pair => expected[pair.Index] > 0).ToList();
        var square = possible.Sum(pair => Math.Pow(pair.Item - (Draws * expected[pair.Index]), 2) / (Draws * expected[pair.Index]));
        // A sound sampler exceeds mean + 6 deviations of chi square once in a million seeds; this seed is fixed.
        var freedom = possible.Count - 1;
        Assert.InRange(square, 0, freedom + (6 * Math.Sqrt(2 * freedom)) + 1e-9);
    }

    [Fact]
    public void Without_temperature_the_first_largest_wins() =>
        Assert.Equal(1, new Sampler(new SamplingOptions(TopK: 3, TopP: 0.5)).Next(Logits));

    [Fact]
    public void One_token_or_no_probability_leaves_the_largest() => Gen.Select(Gen.Int[-80, 80].Select(quarter => quarter / 4f).Array[1, 40], Gen.Int[0, 1000]).Sample((logits, seed) =>
    {
        // Of several equal ones any may be the one that stays.
        Assert.Equal(logits.Max(), logits[new Sampler(new SamplingOptions(1, TopK: 1, Seed: seed)).Next(logits)]);
        Assert.Equal(logits.Max(), logits[new Sampler(new SamplingOptions(1, TopP: 1e-9, Seed: seed)).Next(logits)]);
        Assert.Equal(logits.Max(), logits[new Sampler(new SamplingOptions(1e-300, Seed: seed)).Next(logits)]);
    }, iter: 300);

    [Fact]
    public void Every_draw_is_among_those_that_may_be_drawn() =>
        Gen.Select(Gen.Int[-32, 32].Select(quarter => quarter / 4f).Array[1, 30], Gen.Double[0.05, 4], Gen.Int[0, 12], Gen.Double[0.01, 1], Gen.Int[0, 1000]).Sample((logits, temperature, topK, topP, seed) =>
        {
            var least = Probabilities(logits, temperature, topK, topP).Zip(logits).Where(pair => pair.First > 0).Min(pair => pair.Second);
            var sampler = new Sampler(new SamplingOptions(temperature, topK, topP, seed));
            for (var i = 0; i < 20; i++) Assert.True(logits[sampler.Next(logits)] >= least);
        }, iter: 300);

    [Fact]
    public void Impossible_logits_are_never_drawn()
    {
        float[] logits = [float.NegativeInfinity, 1, float.NegativeInfinity, 2, float.NegativeInfinity];
        var sampler = new Sampler(new SamplingOptions(3, Seed: 5));

        for (var i = 0; i < 2000; i++) Assert.Contains(sampler.Next(logits), new[] { 1, 3 });
    }

    [Fact]
    public void Another_vocabulary_may_follow()
    {
        var sampler = new Sampler(new SamplingOptions(1, TopK: 2, Seed: 5));

        for (var i = 0; i < 50; i++) Assert.InRange(sampler.Next(Logits.AsSpan(0, 1 + (i % 8))), 0, i % 8);
    }

    [Fact]
    public void Draws_allocate_nothing()
    {
        var sampler = new Sampler(new SamplingOptions(1, TopK: 4, TopP: 0.9, Seed: 5));
        for (var i = 0; i < 40; i++) sampler.Next(Logits);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 40; i++) sampler.Next(Logits);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(-1, 0, 1, "--temperature")]
    [InlineData(double.NaN, 0, 1, "--temperature")]
    [InlineData(double.PositiveInfinity, 0, 1, "--temperature")]
    [InlineData(1, -1, 1, "--top-k")]
    [InlineData(1, 0, 0, "--top-p")]
    [InlineData(1, 0, 1.5, "--top-p")]
    [InlineData(1, 0, double.NaN, "--top-p")]
    public void Options_without_a_meaning_are_refused(double temperature, int topK, double topP, string flag) =>
        Assert.StartsWith(flag, Assert.Throws<UsageException>(() => new SamplingOptions(temperature, topK, topP).Checked()).Message);

    /// <summary>Softmax at a temperature; then the k likeliest, then of those the fewest that reach p of their sum; renormalised.</summary>
    private static double[] Probabilities(float[] logits, double temperature, int topK, double topP)
    {
        var all = logits.Select(logit => Math.Exp((logit - logits.Max()) / temperature)).ToArray();
        var order = Enumerable.Range(0, all.Length).OrderByDescending(i => all[i]).ToList();
        var kept = order.Take(topK == 0 ? all.Length : topK).ToList();
        var total = kept.Sum(i => all[i]);
        for (var (count, sum) = (0, 0.0); topP < 1 && count < kept.Count; count++)
            if ((sum += all[kept[count]]) >= topP * total) kept = kept[..(count + 1)];
        total = kept.Sum(i => all[i]);
        return [.. all.Select((weight, i) => kept.Contains(i) ? weight / total : 0)];
    }
}
