using CsCheck;
using LST.Evaluation.Random;

namespace LST.Evaluation.Tests.Random;

public class NpLegacyRandomTests
{
    [Fact]
    public void Repeats_the_goldens()
    {
        foreach (var (id, inputs, expected) in MetricGoldens.Of("numpy_legacy_randint"))
        {
            var random = new NpLegacyRandom(inputs.GetProperty("seed").GetUInt32());
            var (low, high) = (inputs.GetProperty("low").GetInt64(), inputs.GetProperty("high_exclusive").GetInt64());

            var drawn = Enumerable.Range(0, inputs.GetProperty("n").GetInt32()).Select(_ => (double)random.RandInt(low, high));

            Assert.True(drawn.SequenceEqual(expected.Numbers()), id);
        }
    }

    [Fact]
    public void Seed_42_gives_the_worked_example()
    {
        var random = new NpLegacyRandom(42);

        Assert.Equal([25795L, 10860, 86820, 64886, 16265], Enumerable.Range(0, 5).Select(_ => random.RandInt(10_000, 99_999)));
    }

    [Fact]
    public void A_range_of_one_value_draws_nothing()
    {
        var (plain, other) = (new NpLegacyRandom(7), new NpLegacyRandom(7));

        Assert.Equal(3, other.RandInt(3, 4));

        Assert.Equal(plain.RandInt(0, 1_000), other.RandInt(0, 1_000));
    }

    [Fact]
    public void Stays_inside_the_range() => Gen.Select(Gen.UInt, Gen.Long[-5, 5], Gen.Long[1, 1L << 32]).Sample((seed, low, span) =>
    {
        var drawn = new NpLegacyRandom(seed).RandInt(low, low + span);
        return drawn >= low && drawn < low + span;
    });
}
